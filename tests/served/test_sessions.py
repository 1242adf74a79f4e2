"""Whatever is started is found again and ended, whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.served.sessions import Session, start
from tests.served.starting import ROOT

#: A program with a child that does not care to be asked; its leader does.
STUBBORN = ["sh", "-c", "(trap '' TERM; echo up; exec sleep 300) & wait"]
TIED = """\
import os, sys
from pathlib import Path
from tests.served.sessions import start
session = start(["sleep", "300"], dict(os.environ), Path(sys.argv[1]), tied=True)
print(session.leader, session.born, flush=True)
sys.stdin.read()
"""
LOOKS_MAX = 1_000
LOOK_S = 0.01


def started(log: Path) -> Session:
    session = start(STUBBORN, dict(os.environ), log, tied=False)
    until(lambda: log.read_text() == "up\n")
    return session


def until(holds) -> None:
    """Return when `holds()`: it is another process that makes it so."""
    for _ in range(LOOKS_MAX):
        if holds():
            return
        time.sleep(LOOK_S)
    raise AssertionError("it never came about")


def test_a_session_ends_with_the_children_that_ignored_the_wish(tmp_path):
    session = started(tmp_path / "log")
    assert len(session.members()) == 2
    session.end(term_s_max=0.2)
    assert session.members() == []
    session.end()


def test_a_number_that_is_anothers_by_now_is_left_alone(tmp_path):
    session = started(tmp_path / "log")
    try:
        assert Session(session.leader, session.born - 1).members() == []
        Session(session.leader, session.born - 1).end()
        assert len(session.members()) == 2
    finally:
        session.end(term_s_max=0.2)


def test_what_is_tied_ends_with_who_started_it_even_if_killed(tmp_path):
    command = [sys.executable, "-c", TIED, str(tmp_path / "log")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout is not None
        session = Session(*map(int, parent.stdout.readline().split()))
        assert session.members() == [session.leader]
        until(lambda: Path(f"/proc/{session.leader}/comm").read_text() == "sleep\n")  # tied by now
        parent.send_signal(signal.SIGKILL)
    until(lambda: session.members() == [])
