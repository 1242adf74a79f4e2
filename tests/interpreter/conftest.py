"""A shelf of the modules that ship, and a way to run a page plainly."""

from collections.abc import Callable, Mapping

import pytest

from spec.values import JSON
from tests.interpreter.faults import Rule, Script
from tests.interpreter.interpreter import run
from tests.interpreter.outcome import Fault, Outcome
from tests.interpreter.scripted import Scripted
from tests.interpreter.shelf import ALIASES, Shelf

ACCEPTED_AT = "2026-01-01T00:00:00.000Z"

Plainly = Callable[..., Outcome]


def plainly_on(
    shelf: Shelf, page: JSON, inputs: Mapping[str, JSON], script: Script | None = None
) -> Outcome:
    """Run `page` with `inputs` on the modules and flows of `shelf`."""
    engine = Scripted(script or Script(), ALIASES)
    return run(shelf.load(page), inputs, shelf.library(), engine, ACCEPTED_AT)


def breaks(text: str, *, times: int | None = None, ms: int = 0) -> Rule:
    """Return a rule by which a model that is asked for `text` fails: for good, or so many times."""
    fault = Fault("engine-broken", "told to", transient=times is not None)
    return Rule("decode", text, fault, times, ms)


def slow(text: str, ms: int) -> Rule:
    """Return a rule by which a model that is asked for `text` takes a while."""
    return Rule("decode", text, ms=ms)


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    """Return the modules that ship."""
    return Shelf.standard()


@pytest.fixture
def plainly(shelf: Shelf) -> Plainly:
    """Return what runs a page: steps and outputs as YAML, inputs by name, rules of the script."""

    def plainly(steps: str, outputs: str, *rules: Rule, **inputs: JSON) -> Outcome:
        declared = {id: _declared(value) for id, value in inputs.items()}
        page = f"workflow: page\ninputs: {declared}\nsteps:\n{steps}\noutputs: {outputs}\n"
        return plainly_on(shelf, page, inputs, Script(rules=rules))

    return plainly


def _declared(value: JSON) -> str:
    """Return the type that a test's input is declared with."""
    if isinstance(value, list):
        first = next((each for each in value if each is not None), None)
        word = "any" if None in value or first is None else _declared(first)
        return f"{word}[]"
    if isinstance(value, dict):
        return "doc" if "meta" in value else "object"
    words = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return words.get(type(value), "any?")
