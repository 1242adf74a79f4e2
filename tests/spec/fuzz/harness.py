"""Fuzzes a reader in a process of its own, and tells how that ended and by which input."""

import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from spec.source import Media
from tests.spec.fuzz.inputs import ROOT


@dataclass(frozen=True)
class Outcome:
    """How many inputs were tried, or what went wrong with which one."""

    media: Media
    tried: int = 0
    fault: str | None = None
    data: bytes = b""

    def __str__(self) -> str:
        """The input is written so that it can be pasted into a test."""
        if self.fault is None:
            return f"{self.tried} inputs of {self.media}"
        return f"{self.media}: {self.fault}\ninput = {self.data!r}"


def fuzz(
    targets: Iterable[tuple[str, Media]], folder: Path, seed: int, *, count: int, seconds: float
) -> list[Outcome]:
    """Fuzz each target, all at once, until `count` inputs or `seconds` of processor time."""
    with ExitStack() as running:
        children = [
            (media, file, running.enter_context(_start(target, media, seed, count, seconds, file)))
            for number, (target, media) in enumerate(targets)
            for file in [folder / f"{number}.input"]
        ]
        return [_outcome(media, file, child) for media, file, child in children]


def _start(
    target: str, media: Media, seed: int, count: int, seconds: float, file: Path
) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "tests.spec.fuzz.child",
        target,
        media,
        seed,
        count,
        seconds,
        file,
    ]
    return subprocess.Popen(
        list(map(str, command)), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _outcome(media: Media, file: Path, child: subprocess.Popen[str]) -> Outcome:
    said, complaint = child.communicate()
    if child.returncode == 0:
        return Outcome(media, tried=int(said))
    return Outcome(media, fault=_fault(child.returncode, complaint), data=_last(file))


def _fault(code: int, complaint: str) -> str:
    if code == -signal.SIGPROF:
        return "it took more than a second of processor time"
    if code < 0:
        return f"the process was ended by {signal.Signals(-code).name}"
    return f"something else than SpecError came out\n{complaint.rstrip()}"


def _last(file: Path) -> bytes:
    if not file.exists():
        return b""
    written = file.read_bytes()
    return written[8 : 8 + int.from_bytes(written[:8], "big")]
