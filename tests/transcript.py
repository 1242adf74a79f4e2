"""Console transcripts in documents: what they show, what a shell prints, and whether the two agree.

A fenced block marked `console` is played if it calls `curl`. In it, a line that starts with `$ `
is a command, going on below while its lines end in a backslash; what follows is its output, with
`…` for what is not compared: a part of a line, or, alone on a line, one line or more. A fenced
block marked with a file's name, as in `yaml ask.yaml`, is that file.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ELLIPSIS = "…"
SECONDS_MAX = 300
_FENCED = re.compile(r"^```(?P<mark>[^\n`]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
_END = "\x1e"  # ends the output of a command; nothing that is printed holds it


@dataclass(frozen=True, slots=True)
class Step:
    """A command with the output shown below it, and the line of the document it stands on."""

    line: int
    command: str
    shown: str


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command printed on both of its outputs, and the code it ended with."""

    text: str
    code: int


def steps(document: str) -> Iterator[Step]:
    """Yield every command of the blocks that call `curl`, in order."""
    for block in _FENCED.finditer(document):
        if block["mark"] != "console" or "curl" not in block["text"]:
            continue
        for found in _COMMAND.finditer(block["text"]):
            line = document.count("\n", 0, block.start("text") + found.start()) + 1
            yield Step(line, found["command"], found["output"])


def files(document: str) -> dict[str, str]:
    """Return the files that a reader is asked to save, by name."""
    marked = ((block["mark"].split(), block["text"]) for block in _FENCED.finditer(document))
    return {mark[1]: text for mark, text in marked if len(mark) == 2}


def play(commands: Sequence[str], folder: Path, variables: Mapping[str, str]) -> list[Printed]:
    """Give `commands` to one shell, one after another; return what each printed."""
    ends = f"printf '{_END}%d{_END}' $?"
    script = "\n".join(["exec 2>&1; set -o pipefail", *(f"{line}\n{ends}" for line in commands)])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder, env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, timeout=SECONDS_MAX, check=False,
    )  # fmt: skip
    texts = done.stdout.decode().replace("\r\n", "\n").split(_END)  # as a terminal shows it
    return [Printed(text, int(code)) for text, code in zip(texts[0::2], texts[1::2], strict=False)]


def agree(shown: str, printed: str) -> bool:
    """Whether `printed` is what is `shown`; line breaks at the very end do not count."""
    return re.fullmatch(_pattern(_lines(shown)), _text(printed)) is not None


def disagreements(document: str, folder: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """Play a document in `folder`; yield each command that failed or printed something else."""
    for name, text in files(document).items():
        (folder / name).write_text(text)
    asked = list(steps(document))
    answers = play([step.command for step in asked], folder, variables)
    for step, printed in zip(asked, answers, strict=True):
        if printed.code or not agree(step.shown, printed.text):
            yield f"line {step.line}: $ {step.command}\n{_difference(step.shown, printed)}"


def _difference(shown: str, printed: Printed) -> str:
    """Say where the two part: the first line of each that the other has not."""
    lines, text = _lines(shown), _text(printed.text)
    matches = (re.match(_pattern(lines[:count]), text) for count in range(1, len(lines) + 1))
    ends = [0, *(found.end() for found in takewhile(bool, matches) if found)]
    wanted = "".join(lines[len(ends) - 1 :][:1])
    instead = text[ends[-1] :].partition("\n")[0]
    return f"  code    {printed.code}\n  shown   {wanted}\n  printed {instead}"


def _lines(shown: str) -> list[str]:
    return shown.rstrip("\n").split("\n")


def _text(printed: str) -> str:
    return printed.rstrip("\n") + "\n"


def _pattern(lines: Sequence[str]) -> str:
    return "".join(map(_line_pattern, lines))


def _line_pattern(line: str) -> str:
    if line.strip() == ELLIPSIS:
        return r"(?:.*\n)+?"
    return ".+?".join(map(re.escape, line.split(ELLIPSIS))) + r"\n"
