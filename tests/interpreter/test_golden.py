"""Every document that the language's own tests accept, and every example, comes to an outcome."""

from pathlib import Path

import pytest

from spec.values import JSON
from tests.interpreter.conftest import plainly_on
from tests.interpreter.shelf import Shelf

EXAMPLES = sorted((Path(__file__).parents[2] / "workflows" / "examples").glob("*.yaml"))
ACCEPTED = sorted((Path(__file__).parents[1] / "spec" / "golden" / "accepted").glob("*.yaml"))
STUFF = """
module: stuff
inputs: {docs: "doc[]", prompt: {type: prompt, names: {docs: "doc[]"}}}
steps:
  answer: {use: llm, prompt: $inputs.prompt, names: {docs: $inputs.docs}}
outputs: {text: $answer.text}
"""
ANSWER = """
workflow: answer
inputs: {question: string, hint: "string?"}
steps: {said: {use: llm, prompt: "{{ inputs.question }} {{ inputs.hint | default('') }}"}}
outputs: {text: $said.text}
"""
OLDER = """
workflow: answer
inputs: {question: string}
steps: {said: {use: llm, prompt: "{{ inputs.question }}"}}
outputs: {text: $said.text, more: {asked: $inputs.question}}
"""
CALLER = """
workflow: caller
steps:
  cut: {use: chunk, text: one two three, size: 1}
  index: {use: index, chunks: $cut.items}
  found: {use: search.with_answer, index: $index, query: q, prompt: "{{ docs | numbered }}"}
outputs: {text: $found.text}
"""
_DOC = {"id": "d", "text": "a text", "title": "T", "meta": {"page": 1}}
_GIVEN: dict[str, JSON] = {
    "string": "s", "integer": 1, "number": 0.5, "boolean": True, "any": [1, None],
    "object": {"a": {"b": [[0, {"c": 1}]]}, "k": 1},
    "message": {"role": "user", "content": "c"}, "doc": _DOC,
    "file": {"name": "f.txt", "text": "some words in a file"},
}  # fmt: skip
_OWN: dict[str, dict[str, JSON]] = {
    "every_operator": {"i": 0, "d": [_DOC, {**_DOC, "id": "e"}]},
    "every_reference": {"person": {"name": "n"}, "word": "short"},
}

_FAILS = {"every_operator": "any"}  # it adds a number to what can only be null or no object


@pytest.fixture(scope="module")
def full_shelf(shelf: Shelf) -> Shelf:
    """Return a shelf with all that these documents call."""
    return stocked_for_golden(shelf)


def stocked_for_golden(shelf: Shelf) -> Shelf:
    """Return a shelf with all that the accepted documents call."""
    return shelf.with_module(STUFF).with_flow(OLDER, "a1").with_flow(ANSWER, "b2")


def given(page: str, shelf: Shelf, name: str) -> dict[str, JSON]:
    """Return inputs for the page called `name`, made up from their types."""
    own = _OWN.get(name, {})
    found: dict[str, JSON] = {}
    for each in shelf.load(page).inputs:
        value = _GIVEN[each.type.word]
        for _ in range(each.type.lists):
            value = [value]
        found[each.id] = value
    return found | {id: value for id, value in own.items() if id in found}


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_an_accepted_document_runs_to_an_outcome(path: Path, full_shelf: Shelf):
    page = path.read_text("utf-8")
    if page.startswith("module:"):
        full_shelf, page = full_shelf.with_module(page), CALLER
    inputs = given(page, full_shelf, path.stem)
    outcome = plainly_on(full_shelf, page, inputs)
    if path.stem in _FAILS:
        assert outcome.failure is not None
        assert outcome.failure.place.step == _FAILS[path.stem]
    else:
        declared = [each.id for each in full_shelf.load(page).outputs]
        assert (outcome.failure, list(outcome.outputs or {})) == (None, declared)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_to_its_outputs(path: Path, shelf: Shelf):
    page = path.read_text("utf-8")
    outcome = plainly_on(shelf, page, given(page, shelf, path.stem))
    declared = [each.id for each in shelf.load(page).outputs]
    assert (outcome.failure, list(outcome.outputs or {})) == (None, declared)
