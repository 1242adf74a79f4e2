"""The catalogue of bad inputs: `<letter>/<number>-<slug>.yaml`, each an item of it.

An item says what is sent and exactly what has to be answered. README.md describes the form.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

HERE = Path(__file__).parent
#: How many items each category has.
COUNTS = {"C": 22, "D": 30, "E": 28, "F": 24, "G": 18, "H": 22, "I": 24}
PUT = "PUT /v1/workflows/bad"
VALIDATE = "POST /v1/workflows/validate"
_FILE = re.compile(r"([0-9]{2})-[a-z0-9]+(?:-[a-z0-9]+)*")


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Repeat(_Form):
    """`unit`, `times` over; in it `<n>` is the number from 1, `<indent>` one space less."""

    unit: str
    times: int

    def data(self) -> bytes:
        """Return it written out."""
        if "<" not in self.unit:
            return (self.unit * self.times).encode()
        pieces = (
            self.unit.replace("<n>", str(n)).replace("<indent>", " " * (n - 1))
            for n in range(1, self.times + 1)
        )
        return "".join(pieces).encode()


class Many(_Form):
    """A piece of a body that is too large to write down."""

    repeat: Repeat


class Raw(_Form):
    """A piece of a body that is no text."""

    hex: str


Piece = str | Many | Raw
Body = str | list[Piece]


class Problem(_Form):
    """One problem that has to be answered. A `hint` is looked at only where one is given."""

    code: str
    pointer: str | None
    line: int
    column: int
    hint: str | None = None


class Case(_Form):
    """A bad request: where it goes, what it says, and what has to come back.

    One that goes to `PUT` is put twice, the first time with `dry_run`: both answers are the same.
    """

    name: str = ""
    to: str = PUT
    media: Literal["yaml", "json"] = "yaml"
    body: Body
    status: int = 422
    type: str = "invalid-workflow"
    detail: str | None = None
    problems: list[Problem] = []


class Twin(_Form):
    """What has to be accepted, close to what is not: a valid workflow, or a run that succeeds."""

    to: str = VALIDATE
    media: Literal["yaml", "json"] = "yaml"
    body: Body
    outputs: dict[str, Any] | None = None


class Failing(_Form):
    """A run that is accepted and has to fail: with what code, in which step, and where it stands.

    Places are those of the body, in which the workflow stands under `spec`.
    """

    name: str = ""
    body: Body
    code: str
    step: str
    line: int
    column: int


class Page(_Form):
    """What the file of an item says: what is refused, or fails as it runs, and what is accepted."""

    title: str
    cases: list[Case] = []
    failing: list[Failing] = []
    twins: list[Twin] = []

    @model_validator(mode="after")
    def _says_something(self) -> "Page":
        if not self.cases and not self.failing:
            raise ValueError("an item has cases, or runs that fail")
        return self


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the catalogue: `C03` is the third of category C."""

    letter: str
    number: int
    page: Page

    @property
    def id(self) -> str:
        """Its name."""
        return f"{self.letter}{self.number:02}"


def data_of(body: Body) -> bytes:
    """Return a body as it is sent."""
    pieces = [body] if isinstance(body, str) else body
    return b"".join(map(_piece, pieces))


def items(folder: Path = HERE, letters: Iterable[str] = ()) -> Iterator[Item]:
    """Read the items under `folder` in order, of some categories only if any are named."""
    wanted = set(letters)
    for path in sorted(folder.glob("[A-Z]/*")):
        name = _FILE.fullmatch(path.stem)
        if name is None or path.suffix != ".yaml":
            raise ValueError(
                f"{path.parent.name}/{path.name} is not named like 03-trailing-comma.yaml"
            )
        if not wanted or path.parent.name in wanted:
            yield Item(path.parent.name, int(name[1]), read(path))


def read(path: Path) -> Page:
    """Read one file. Raise `ValueError`, with its name, for one that is not of the form."""
    try:
        return Page.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path.parent.name}/{path.name}: {error}") from None


def _piece(piece: Piece) -> bytes:
    match piece:
        case str():
            return piece.encode()
        case Many(repeat=repeat):
            return repeat.data()
        case Raw(hex=digits):
            return bytes.fromhex(digits)
