"""Reads documents in processes of their own, which can be ended.

A file may be made so that reading it takes hours or all memory, and a thread that does so cannot be
stopped. Knows what a document is only by `executors.documents`.
"""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process

from executors.documents import Unreadable, kind_of, read

# Reading these takes no more than looking at each byte.
_PLAIN = frozenset({".txt", ".md", ".markdown"})


class ReaderBroke(Exception):
    """A reader process met what it does not foresee."""


class Reader:
    """Up to `processes_max` processes, each started when it is first needed and kept.

    A document that takes more than `read_s_max` seconds or `memory_bytes_max` is given up.
    """

    def __init__(self, read_s_max: int, memory_bytes_max: int, processes_max: int = 2) -> None:
        self._read_s_max = read_s_max
        self._memory_bytes_max = memory_bytes_max
        self._places = asyncio.Semaphore(processes_max)
        self._idle: list[Process] = []
        self._running: list[Process] = []

    async def read(self, data: bytes, name: str, media_type: str) -> str:
        """Return the text of a document, or raise `Unreadable`, as `executors.documents.read`.

        Raise `ReaderBroke` for a fault of ours.
        """
        if kind_of(name, media_type) in _PLAIN:
            return await asyncio.to_thread(read, data, name, media_type)
        async with self._places:
            process = await self._ready()
            try:
                answer = await _ask(process, data, {"name": name, "media_type": media_type})
            except (asyncio.IncompleteReadError, ConnectionError):
                raise self._why(name, await process.wait()) from None
            except BaseException:
                process.kill()  # in the middle of an answer that nobody will take
                raise
            self._idle.append(process)
        if isinstance(answer, Unreadable):
            raise answer
        return answer

    async def stop(self) -> None:
        """End every process."""
        for process in self._running:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*(process.wait() for process in self._running))
        self._running.clear()
        self._idle.clear()

    async def _ready(self) -> Process:
        self._running = [process for process in self._running if process.returncode is None]
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        program = (sys.executable, "-P", "-m", "executors.reader_process")
        limits = (str(self._read_s_max), str(self._memory_bytes_max))
        # In a session of its own: a Ctrl-C is for the service to answer.
        process = await asyncio.create_subprocess_exec(
            *program, *limits, stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        self._running.append(process)
        return process

    def _why(self, name: str, status: int) -> Exception:
        if status == 1:
            return ReaderBroke("a reader ended with an exception, which it has written")
        if status == -signal.SIGALRM:
            detail = f"{name} takes longer than {self._read_s_max} s to read (`read_s_max`)."
        else:
            detail = f"{name} takes more memory than there is to read it."
        return Unreadable("too-large", detail, "Send it in several files.")


async def _ask(process: Process, data: bytes, about: dict[str, str]) -> str | Unreadable:
    if process.stdin is None or process.stdout is None:
        raise ConnectionError("a reader without pipes")
    process.stdin.write(json.dumps({**about, "size": len(data)}).encode() + b"\n" + data)
    await process.stdin.drain()
    head = json.loads(await process.stdout.readuntil())
    if "code" in head:
        return Unreadable(head["code"], head["detail"], head["cure"])
    return (await process.stdout.readexactly(head["size"])).decode()
