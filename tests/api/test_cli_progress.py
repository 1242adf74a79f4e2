"""What a terminal shows while a run goes on, with the real embedded engines."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.api.test_cli import TEOLA, environment

PAGE = """\
workflow: log
inputs: {files: "file[]"}
steps:
  cut: {use: chunk, text: $inputs.files, size: 32}
  kept: {use: index, chunks: $cut.items}
  lines: {for_each: $range(40), use: text, template: "{{ item }}"}
outputs: {passages: $len(cut.items), lines: $len(lines.text)}
"""
RUN = (*TEOLA, "run", "log.yaml", "--file", "files=log.txt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("progress")
    lines = (f"Keeper {number} lit the lamp of the lighthouse again." for number in range(900))
    (folder / "log.txt").write_text("\n".join(lines))
    (folder / "log.yaml").write_text(PAGE)
    return folder


def test_who_looks_on_sees_what_a_run_is_busy_with(folder):
    seen, printed = _watched(folder, RUN)
    assert "kept: starting embedding" in seen
    assert re.search(r"kept: rows.*\d+/3\d\d", seen)
    assert "passages:" in printed
    assert "kept: rows" not in printed


def test_a_program_that_reads_json_sees_nothing_but_json(folder):
    seen, printed = _watched(folder, [*RUN, "--json"])
    assert seen == ""
    assert json.loads(printed)["outputs"]["passages"] > 300


def test_without_a_terminal_nothing_is_shown(folder):
    done = subprocess.run(
        RUN, cwd=folder, env=environment(folder / "data"), capture_output=True, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert "passages:" in done.stdout


def _watched(folder: Path, command: Sequence[str]) -> tuple[str, str]:
    """Run `command` with a terminal to tell; return what that shows, and what is printed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder / "data", TERM="xterm"),
        stdout=subprocess.PIPE, stderr=theirs, text=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        with ThreadPoolExecutor() as reader:
            seen = reader.submit(_all_of, ours)
            printed, _ = process.communicate(timeout=120)
    os.close(ours)
    assert process.returncode == 0, seen.result()
    return seen.result(), printed


def _all_of(terminal: int) -> str:
    found = b""
    with suppress(OSError):  # so a terminal says that nobody writes to it any more
        while data := os.read(terminal, 65_536):
            found += data
    return found.decode()
