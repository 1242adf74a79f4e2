"""Programs that outlive who starts them, each with all its processes: started, found again, ended.

A session is known by the number of its first process and by when that started, so that a number
used again is never taken for it. Linux only.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TERM_S_MAX = 20.0
KILL_S_MAX = 10.0
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Session:
    """`leader` is its first process, `born` when that started, in ticks since the machine did."""

    leader: int
    born: int

    def members(self) -> list[int]:
        """Return all its processes that have not ended."""
        found = dict(_processes())
        first = found.get(self.leader)
        if first is not None and first.born != self.born:
            return []  # the number is another's by now
        return sorted(pid for pid, each in found.items() if each.session == self.leader)

    def end(self, term_s_max: float = TERM_S_MAX) -> None:
        """Ask it to end, then make it; raise `TimeoutError` if anything of it is still there."""
        if self.leader in self.members():
            _send(self.leader, signal.SIGTERM)
        if not self._has_ended(term_s_max):
            for pid in self.members():
                _send(pid, signal.SIGKILL)
            if not self._has_ended(KILL_S_MAX):
                raise TimeoutError(f"processes that do not end: {self.members()}")

    def _has_ended(self, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while self.members():
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_S)
        return True


def start(
    command: Sequence[str], environment: Mapping[str, str], log: Path, *, tied: bool
) -> Session:
    """Start `command` with nothing to read, what it writes going to `log`.

    `tied`: it is asked to end when who started it has ended, in whatever way.
    """
    # SIGTERM, which it takes for the wish to end all that it has started too.
    prefix = ("setpriv", "--pdeathsig", "TERM") if tied else ()
    argv = [*prefix, *command]
    creating = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    pid = os.posix_spawnp(
        argv[0],
        argv,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), creating, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return Session(pid, dict(_processes(zombies=True))[pid].born)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has ended meanwhile
        os.kill(pid, number)


@dataclass(frozen=True, slots=True)
class _Process:
    session: int
    born: int


def _processes(*, zombies: bool = False) -> Iterator[tuple[int, _Process]]:
    """Yield every process there is; if asked, also those that only wait to be collected."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended just now
        # Its name, in brackets, may hold anything; what follows are the fields from the third on.
        state, *fields = text.rpartition(")")[2].split()
        if state != "Z" or zombies:
            yield int(folder.name), _Process(session=int(fields[2]), born=int(fields[18]))
