"""What an operator may set, and the only reader of the environment.

Every variable starts with `TEOLA_`. One that is unknown or malformed is refused, with the cure.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from planner.passes.choice import Choice
from planner.passes.names import NAMES
from spec.problems import nearest

PREFIX = "TEOLA_"


class BadSetting(Exception):
    """Variable `name` cannot be used; the message says what to set instead."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Settings:
    """One service's settings; each field is the variable `TEOLA_` and its name in capitals."""

    host: str = "127.0.0.1"
    port: int = 8321
    data: Path = Path(".teola")
    log: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    body_bytes_max: int = 4 << 20
    spec_bytes_max: int = 1 << 20
    file_bytes_max: int = 32 << 20
    files_max: int = 10_000
    files_bytes_max: int = 512 << 20
    files_age_s_max: int = 7 * 86_400
    runs_max: int = 10_000
    runs_live_max: int = 1_000
    runs_bytes_max: int = 256 << 20
    runs_age_s_max: int = 86_400
    run_s_max: int = 900
    value_bytes_max: int = 16 << 20
    values_bytes_max: int = 256 << 20
    memo_bytes_max: int = 64 << 20
    plans_max: int = 2_000
    plans_bytes_max: int = 64 << 20
    passes_off: tuple[str, ...] | None = None
    passes_on: tuple[str, ...] | None = None
    journal_entries_max: int = 2_000
    streams_max: int = 1_000
    uploads_max: int = 16
    read_s_max: int = 60
    read_memory_bytes_max: int = 2 << 30
    drain_s: int = 25
    engines: Path | None = None
    corpus: Path | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int) and value < (0 if field.name in _FROM_ZERO else 1):
                raise BadSetting(_variable(field.name), f"{value} is too small")
        if self.port > 65_535:
            raise BadSetting("TEOLA_PORT", "a port is 0 to 65535; 0 takes a free one")
        both = set(self.passes_off or ()) & set(self.passes_on or ())
        if both:
            raise BadSetting("TEOLA_PASSES_ON", f"TEOLA_PASSES_OFF has {', '.join(sorted(both))}")

    def passes(self) -> Choice:
        """Return which passes the operator turns off and on."""
        return Choice(frozenset(self.passes_off or ()), frozenset(self.passes_on or ()))

    def age(self, name: str) -> timedelta:
        """Return a setting in seconds as a span of time."""
        return timedelta(seconds=getattr(self, name))


_FROM_ZERO = ("port", "drain_s")
_PATHS = ("engines", "corpus")
_PASSES = ("passes_off", "passes_on")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "log": ("console", "json"),
    "log_level": ("debug", "info", "warning", "error"),
}


def from_environment(variables: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `TEOLA_…` variables. Raise `BadSetting` for one that is wrong."""
    given = os.environ if variables is None else variables
    known = {_variable(field.name): field.name for field in fields(Settings)}
    found: dict[str, Any] = {}
    for variable, text in sorted(given.items()):
        if not variable.startswith(PREFIX):
            continue
        if variable not in known:
            raise BadSetting(variable, _unknown(variable, known))
        name = known[variable]
        found[name] = _read(variable, name, text)
    return replace(Settings(), **found)


def environment_of(beginnings: Sequence[str]) -> dict[str, str]:
    """Return the part of the environment that a program of somebody else's may see.

    Names begin as one of `beginnings`; our own are never among them.
    """
    seen = tuple(beginnings)
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(seen) and not name.startswith(PREFIX)
    }


def environment_variable(name: str) -> str | None:
    """Return what an operator put into the environment under a name of their own, such as a key."""
    return os.environ.get(name)


def _read(variable: str, name: str, text: str) -> Any:
    default = getattr(Settings(), name)
    if isinstance(default, int):
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise BadSetting(variable, f"'{text}' is not a whole number")
        return int(text)
    if name in _CHOICES and text not in _CHOICES[name]:
        raise BadSetting(variable, f"'{text}' is none of {', '.join(_CHOICES[name])}")
    if not text:
        raise BadSetting(variable, "is empty; unset it or give it a value")
    if name in _PASSES:
        return _passes(variable, text)
    return Path(text) if isinstance(default, Path) or name in _PATHS else text


def _passes(variable: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in NAMES:
            near = nearest(name, NAMES)
            cure = f"did you mean {near}?" if near else f"there are {', '.join(NAMES)}"
            raise BadSetting(variable, f"there is no pass '{name}'; {cure}")
    return names


def _unknown(variable: str, known: Mapping[str, str]) -> str:
    near = nearest(variable, known)
    cure = f"did you mean {near}?" if near else f"there are {', '.join(sorted(known))}"
    return f"no such setting; {cure}"


def _variable(name: str) -> str:
    return PREFIX + name.upper()
