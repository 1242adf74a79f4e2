"""What may arrive where something is declared, in a run."""

import pytest

from spec.types import Type, parse_type
from spec.values import JSON
from tests.interpreter.arrival import misfit

DOC = {"id": "d", "text": "t", "meta": {}}
FILE = {"id": "f", "name": "n", "media_type": "text/plain", "size": 1, "text": "t"}


def typed(word: str) -> Type:
    found = parse_type(word)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "string?"), (None, "any"), (1, "number"), (1.5, "number"), ("s", "string"),
        ({}, "object"),
        ([], "string[]"), (["s"], "string[]"), ([[], ["s"]], "string[][]"), ([None], "any[]"),
        (DOC, "doc"), ({**DOC, "title": None}, "doc"), (DOC, "object"), (FILE, "file"),
        ([DOC], "doc[]"), ({"role": "user", "content": "c"}, "message"), ({"docs": []}, "index"),
    ],
)  # fmt: skip
def test_what_is_of_its_type_arrives(value: JSON, word: str):
    assert misfit(value, typed(word), {}) is None


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "string"), (None, "doc[]"), ("1", "integer"), (1.0, "integer"), (True, "integer"),
        (1, "string"), ("s", "string[]"), ([None], "string[]"), ([["s"], [1]], "string[][]"),
        ({}, "doc"), ({**DOC, "text": 1}, "doc"), ({**DOC, "more": 1}, "doc"), ("d", "doc"),
        ({"name": "n", "text": "t"}, "file"), ("i", "index"), ([], "object"),
    ],
)  # fmt: skip
def test_what_is_of_another_type_does_not(value: JSON, word: str):
    assert misfit(value, typed(word), {}) is not None


def test_what_arrives_is_held_to_the_schema_and_null_is_not():
    schema = {"type": "integer", "minimum": 1}
    assert misfit(0, typed("integer?"), schema) is not None
    assert misfit(1, typed("integer?"), schema) is None
    assert misfit(None, typed("integer?"), schema) is None
