"""Which strings are expressions, which are text, and what is never read."""

import pytest

from spec.load import read
from spec.report import Report
from spec.source import Source
from spec.values import ListOf, Literal, Name, ObjectOf, Slot, Text
from spec.written import read_value


def report(text: str) -> Report:
    return Report(read(Source("page", text.encode(), "yaml")), [])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("$a", Name("a")),
        ("a $a", Literal("a $a")),
        ("$$a", Literal("$a")),
        ("$$ {{ a }}", Text(("$ ", Slot(Name("a"))))),
        ("' $a'", Literal(" $a")),
        ("[1, {a: x}]", Literal([1, {"a": "x"}])),
        ("[1, {a: $x}]", ListOf((Literal(1), ObjectOf((("a", Name("x")),))))),
        ("{$a: 1}", Literal({"$a": 1})),
        ("{}", Literal({})),
    ],
)
def test_a_dollar_hands_over_and_braces_write(written: str, value: object):
    assert read_value(report(f"v: {written}"), ("v",)).value == value


def test_references_are_known_with_the_string_they_stand_in():
    found = read_value(report("v: [$a.b, {k: '{{ c }}'}]"), ("v",))
    assert [(string.pointer, *map(str, string.references)) for string in found.strings()] == [
        (("v", 0), "a.b"), (("v", 1, "k"), "c"),
    ]  # fmt: skip
    assert list(map(str, found.all_references())) == ["a.b", "c"]


def test_after_a_problem_nothing_is_known():
    page = report("v: [$, $a]")
    found = read_value(page, ("v",))
    assert not found.known
    assert [problem.code for problem in page.problems] == ["bad-expression"]
