"""A program of somebody else's that runs as long as we do, and not a moment longer.

Between it and us stands `executors.engines.keeper`, which ends it when our end of a pipe closes:
also when this process is killed and can do nothing any more.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

#: Seconds that a program has to leave by itself before it is killed.
GRACE_S = 2.0
#: Seconds after which the keeper itself is killed, with all that it keeps.
_PATIENCE_S = 10.0
_LINES_KEPT = 200
_LINE_BYTES_MAX = 64 << 10


@dataclass(frozen=True, slots=True)
class Program:
    """What to start, and the whole environment that it sees."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)


class KeptProcess:
    """One run of a program. What it writes is read all the time; its last lines are kept."""

    def __init__(self, keeper: Process) -> None:
        self._keeper = keeper
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._reading = asyncio.create_task(self._read(), name=f"output of {keeper.pid}")

    @classmethod
    async def start(cls, program: Program) -> "KeptProcess":
        """Start `program`; that it cannot be started is how it ends."""
        keeper = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "executors.engines.keeper"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            limit=_LINE_BYTES_MAX,
            start_new_session=True,  # a Ctrl-C is for the service to answer
        )
        order = {
            "command": list(program.command),
            "environment": dict(program.environment),
            "grace_s": GRACE_S,
        }
        if keeper.stdin is not None:
            keeper.stdin.write(json.dumps(order).encode() + b"\n")
        return cls(keeper)

    @property
    def keeper(self) -> int:
        """The process that has started it, and is its parent."""
        return self._keeper.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._keeper.returncode is None

    @property
    def lines(self) -> Sequence[str]:
        """The last lines that it has written."""
        return tuple(self._lines)

    async def ended(self) -> str:
        """Wait for the end, and say how it came: as a status or a signal."""
        status = await self._keeper.wait()
        if status < 0:  # the keeper was killed; what it kept has not been ended by it
            self._end_group()
        await asyncio.shield(self._reading)
        number = -status if status < 0 else status - 128
        if status < 0 or 0 < number <= signal.SIGRTMAX:
            return f"was ended by signal {number}"
        return f"ended with status {status}"

    async def stop(self) -> None:
        """End it, and all that it has started; a second call changes nothing."""
        if self._keeper.stdin is not None:
            self._keeper.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._keeper.wait()
        except TimeoutError:
            self._end_group()
        await self.ended()

    def _end_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._keeper.pid, signal.SIGKILL)

    async def _read(self) -> None:
        output = self._keeper.stdout
        if output is None:
            return
        while line := await _line(output):
            self._lines.append(line.decode(errors="replace").rstrip())


async def _line(output: asyncio.StreamReader) -> bytes:
    """Return the next line; one that is longer than any may be comes in pieces."""
    try:
        return await output.readuntil()
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError as error:
        return await output.readexactly(error.consumed)
