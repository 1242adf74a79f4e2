"""How values are written as text."""

import pytest

from spec.formatters import apply, compact, text_of, write
from spec.meter import Fault, Meter
from spec.values import Formatter


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("as it is", "as it is"),
        ({"id": "x", "text": "its text"}, "its text"),
        ({"id": "x"}, '{"id":"x"}'),
        (None, "null"),
        ([1, "a"], '[1,"a"]'),
        (0.5, "0.5"),
    ],
)
def test_the_text_of_an_element(element: object, expected: str):
    assert text_of(element, Meter()) == expected


def test_json_has_no_spaces_and_no_escapes_beyond_its_own():
    assert (
        compact({"b": 1, "a": ["é", '\x00\n"', "/"]}, Meter())
        == '{"b":1,"a":["é","\\u0000\\n\\"","/"]}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_what_is_not_json_is_not_text(value: object):
    with pytest.raises(Fault):
        write(value, Meter())


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("numbered", None, ["x" * 30] * 4),
        ("join", "y" * 60, ["x"] * 3),
        ("each", "y" * 40, [1] * 3),
        ("json", None, '"' * 60),
    ],
)
def test_a_formatter_stops_before_its_text_is_too_long(name: str, argument: str, value: object):
    with pytest.raises(Fault) as found:
        apply(Formatter(name, argument), value, Meter(100))
    assert found.value.code == "too-large"
    assert apply(Formatter(name, argument), value, Meter(1000))
