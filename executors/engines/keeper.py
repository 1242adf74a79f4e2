"""A process that keeps another, and leaves nothing of it behind.

It reads what to start from its input and then only waits. When that input ends, also because
whoever held it open was killed, the kept process and all that it has started are ended. Linux only:
it becomes the parent of every orphan among them, however deep, and finds them by that.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

#: What the shell says of a command that is not there.
NOT_FOUND = 127
_SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36


def main() -> int:
    """Keep what the first line of the input asks for; return how it ended, as a shell would."""
    order = json.loads(sys.stdin.buffer.readline())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # the end of the input decides, and nothing else
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)
    try:
        kept = _started(order)
    except OSError as error:
        sys.stderr.write(f"{order['command'][0]}: {error.strerror}\n")
        return NOT_FOUND
    ended = os.pidfd_open(kept.pid)
    select.select([ended, sys.stdin.fileno()], [], [])
    if kept.poll() is None:
        kept.terminate()
        select.select([ended], [], [], order["grace_s"])
    with suppress(ProcessLookupError):
        kept.kill()
    status = kept.wait()
    _end_orphans()
    return status if status >= 0 else 128 - status


def _started(order: Mapping[str, Any]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        order["command"],
        env=order["environment"],  # nothing of ours, where keys may be that are not for it
        stdin=subprocess.DEVNULL,
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)


def _end_orphans() -> None:
    """End whatever the kept process has left, and what that leaves in turn."""
    while children := list(_children()):
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def _children() -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            # The name in brackets may hold anything; the parent is the second field after it.
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                yield int(folder.name)


if __name__ == "__main__":
    sys.exit(main())
