"""Data is of a type strictly, or the place of what is not is known."""

import pytest

from spec.data import mismatches, type_of_data
from spec.types import parse_type


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("a", "string"),
        (1, "integer"),
        (1, "number"),
        (1.5, "number"),
        (None, "any"),
        (None, "string?"),
        ([], "doc[]"),
        ([["a"]], "string[][]"),
        ({"role": "user", "content": "x"}, "message"),
        ({"id": "1", "text": "x", "meta": {}, "score": None}, "doc"),
        ({"name": "a", "text": "b"}, "file"),
    ],
)
def test_data_of_its_type_has_no_mismatch(value: object, word: str):
    assert not list(mismatches(value, parse_type(word)))


@pytest.mark.parametrize(
    ("value", "word", "pointer"),
    [
        (True, "integer", ()),
        (1.0, "integer", ()),
        (True, "number", ()),
        ("1", "number", ()),
        (1, "string", ()),
        ("a", "string[]", ()),
        ([["a"], "b"], "string[][]", (1,)),
        (["a", None], "string[]", (1,)),
        ({"role": "user"}, "message", ()),
        ({"role": "user", "content": 1}, "message", ("content",)),
        ({"role": "user", "content": "", "extra": 1}, "message", ("extra",)),
        ("x", "index", ()),
        ("x", "secret", ()),
        ([], "object", ()),
    ],
)
def test_a_mismatch_says_where_it_is(value: object, word: str, pointer: tuple[object, ...]):
    (found,) = mismatches(value, parse_type(word))
    assert found.pointer == pointer


def test_data_has_the_narrowest_type_that_holds():
    assert str(type_of_data([1, 2.5])) == "number[]"
    assert str(type_of_data([1, "a"])) == "any[]"
    assert str(type_of_data([1, None])) == "integer?[]"
    assert str(type_of_data([[1], [], ["a"]])) == "any[][]"
    assert str(type_of_data([[1], [2]])) == "integer[][]"
    assert str(type_of_data({"a": 1})) == "object"
    assert str(type_of_data(None)) == "any?"
    assert str(type_of_data(True)) == "boolean"
