"""Programs that are kept: they end with us, whatever becomes of us, and leave nothing behind."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from executors.engines.kept_process import KeptProcess, Program

GONE_S = 20
#: Starts a child in a session of its own that starts another; none of the three heeds SIGTERM.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(2):
    if os.fork():
        break
    os.setsid()
print(os.getpid(), flush=True)
time.sleep(600)
"""


def python(code: str, **environment: str) -> Program:
    return Program((sys.executable, "-c", code), environment)


def kept(program: Program, scenario: Callable[[KeptProcess], Awaitable[object]]) -> KeptProcess:
    async def whole() -> KeptProcess:
        process = await KeptProcess.start(program)
        try:
            await scenario(process)
        finally:
            await process.stop()
        return process

    return asyncio.run(whole())


async def lines(process: KeptProcess, count: int) -> list[str]:
    async with asyncio.timeout(GONE_S):
        while len(process.lines) < count:  # noqa: ASYNC110  # it is no more than its lines
            await asyncio.sleep(0.01)
    return list(process.lines)


def parent(pid: str) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_gone(pid: int) -> bool:
    """Wait for the end of a process that need not be a child of ours."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], GONE_S)[0])
    finally:
        os.close(watched)


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("pass", "ended with status 0"),
        ("raise SystemExit(3)", "ended with status 3"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
    ],
)
def test_how_a_program_ended_is_told(code, end):
    async def scenario(process):
        assert await process.ended() == end
        assert not process.is_running

    kept(python(code), scenario)


def test_a_program_that_is_not_there_is_told():
    async def scenario(process):
        assert await process.ended() == "ended with status 127"
        assert process.lines == ("/none/such: No such file or directory",)

    kept(Program(("/none/such",), {}), scenario)


def test_the_last_lines_of_both_outputs_are_kept_however_long():
    code = """
    import os
    os.write(1, b"x" * 300_000)
    os.write(2, b"\\nlast \\xff\\n")
    """
    process = kept(python(textwrap.dedent(code)), lambda process: process.ended())
    assert "".join(process.lines[:-1]) == "x" * 300_000
    assert process.lines[-1] == "last \N{REPLACEMENT CHARACTER}"


def test_a_program_sees_what_it_is_to_see_and_no_more(monkeypatch):
    monkeypatch.setenv("TEOLA_SECRET", "s")
    code = "import os; print(*sorted(set(os.environ) - {'LC_CTYPE'}))"
    process = kept(python(code, KEY="k"), lambda process: process.ended())
    assert process.lines == ("KEY",)


def test_a_program_is_asked_to_leave_before_it_is_killed():
    code = """
    import os, signal, sys, time
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(os.write(1, b"good bye\\n") and 0))
    os.write(1, b"up\\n")
    time.sleep(600)
    """
    process = kept(python(textwrap.dedent(code)), lambda process: lines(process, 1))
    assert process.lines == ("up", "good bye")


def test_what_a_program_has_started_ends_with_it_also_where_nobody_heeds():
    process = kept(python(STUBBORN), lambda process: lines(process, 3))
    assert all(is_gone(int(pid)) for pid in process.lines)


def test_what_a_program_leaves_behind_at_its_own_end_is_ended():
    async def scenario(process):
        first, *_ = map(int, await lines(process, 3))
        os.kill(first, signal.SIGKILL)
        assert await process.ended() == "was ended by signal 9"

    process = kept(python(STUBBORN), scenario)
    assert all(is_gone(int(pid)) for pid in process.lines)


def test_a_program_that_is_frozen_is_ended():
    async def scenario(process):
        for pid in await lines(process, 3):
            os.kill(int(pid), signal.SIGSTOP)

    process = kept(python(STUBBORN), scenario)
    assert all(is_gone(int(pid)) for pid in process.lines)


def test_a_program_does_not_outlive_its_keeper():
    async def scenario(process):
        (pid,) = await lines(process, 1)
        os.kill(parent(pid), signal.SIGKILL)
        assert await process.ended() == "was ended by signal 9"
        assert is_gone(int(pid))

    kept(python("import os, time; print(os.getpid(), flush=True); time.sleep(600)"), scenario)


def test_nothing_is_left_when_we_are_killed_in_the_middle():
    code = f"""
    import asyncio, sys
    from executors.engines.kept_process import KeptProcess, Program

    async def main():
        process = await KeptProcess.start(Program((sys.executable, "-c", {STUBBORN!r}), {{}}))
        while len(process.lines) < 3:
            await asyncio.sleep(0.01)
        print(*process.lines, flush=True)
        await process.ended()

    asyncio.run(main())
    """
    program = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as ours:
        assert ours.stdout is not None
        pids = list(map(int, ours.stdout.readline().split()))
        ours.kill()
    assert len(pids) == 3
    assert all(map(is_gone, pids))


def test_stopping_again_changes_nothing():
    async def scenario(process):
        await process.stop()
        await process.stop()

    kept(python("import time; time.sleep(600)"), scenario)
