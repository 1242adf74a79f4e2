"""What type words mean and what fits what."""

import pytest

from spec.types import WORDS, Type, fits, parse_type


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("rest", ["", "[]", "[][]", "?", "[]?"])
def test_a_type_is_written_as_it_was_read(word: str, rest: str):
    assert str(parse_type(word + rest)) == word + rest


@pytest.mark.parametrize("text", ["", "String", "string ?", "string??[]", "[]", "string[", "a b"])
def test_what_is_not_of_the_form_is_no_type(text: str):
    assert parse_type(text) is None


@pytest.mark.parametrize(
    ("given", "wanted", "answer"),
    [
        ("integer", "number", True),
        ("number", "integer", False),
        ("integer[]", "number[]", True),
        ("string", "string[]", False),
        ("string[]", "string", False),
        ("any", "doc[]", True),
        ("any[]", "doc[]", True),
        ("any[]", "doc", False),
        ("doc[]", "any", True),
        ("doc", "object", True),
        ("object", "doc", False),
        ("string", "prompt", True),
        ("prompt", "string", False),
        ("index", "any", False),
        ("index", "index", True),
        ("secret", "any", False),
        ("vector[]", "vector[]", True),
        ("vector[]", "any", True),
        ("vector", "call", False),
    ],
)
def test_what_fits_what(given: str, wanted: str, answer: bool):
    first, second = parse_type(given), parse_type(wanted)
    assert isinstance(first, Type)
    assert isinstance(second, Type)
    assert fits(first, second) is answer
