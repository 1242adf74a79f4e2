"""What may follow a `$`, and where each path in it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.expressions import FUNCTIONS, parse_expression
from spec.limits import EXPRESSION_CHARS_MAX
from spec.values import ListOf, Literal, Member, Name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$a", Name("a")),
        ("$a.b", Member(Name("a"), "b")),
        ('$a.b[0]["k"][-1]', Member(Member(Member(Member(Name("a"), "b"), 0), "k"), -1)),
        ("$ a . b [ 0 ]", Member(Member(Name("a"), "b"), 0)),
        ("$(a).b", Member(Name("a"), "b")),
        ("$($a).in.class", Member(Member(Name("a"), "in"), "class")),
        ("$[a, $b.c, 1]", ListOf((Name("a"), Member(Name("b"), "c"), Literal(1)))),
        ("$[]", Literal([])),
        ("$[1, [-2.5e1, 'x'], true, false, null]", Literal([1, [-25.0, "x"], True, False, None])),
        (r"""$'a\n\t\\\'\"'""", Literal("a\n\t\\'\"")),
        ('$"two\nlines"', Literal("two\nlines")),
        ("$'abc'[0]", Member(Literal("abc"), 0)),
    ],
)
def test_an_expression_is_read(text: str, value: object):
    parsed = parse_expression(text)
    assert not parsed.problems
    assert parsed.value == value


def test_every_path_is_reported_with_its_offsets():
    parsed = parse_expression("$[ab.c, (d)['e f'], $g[0]]")
    assert [str(reference) for reference in parsed.references] == ["ab.c", "d.e f", "g[0]"]
    offsets = [[segment.offset for segment in path.segments] for path in parsed.references]
    assert offsets == [[2, 5], [9, 12], [21, 23]]


@pytest.mark.parametrize(
    "text",
    ["$a + 1", "$a == 1", "$a and b", "$not a", "$a in b", "$a[1:2]", "$a[:]", "$a[b]", "$a[b.c:]"]
    + [f"${name}(a)" for name in FUNCTIONS],
)
def test_what_is_not_built_yet_says_so(text: str):
    (problem,) = parse_expression(text).problems
    assert problem.code == "bad-expression"
    assert problem.detail.endswith("is not available yet")


@pytest.mark.parametrize(
    "text",
    [
        "$",
        "$.a",
        "$a.",
        "$a..b",
        "$a.0",
        "$a[",
        "$a[]",
        "$a[1.5]",
        "$a[true]",
        "$a b",
        "$a;b",
        "$[a,]",
        "$'x",
        "$'\\x'",
        "$-a",
        "$--1",
        "$(a",
        "$a)",
        "$${a}",
        "$é",
        "$1_000",
        "$a.b()",
        "$a if b else c",
        "$" + "(" * 40 + "a" + ")" * 40,
        "$" + "[" * 5000,
        "$a" + ".b" * 100,
        "$9007199254740992",
    ],
)
def test_anything_else_is_no_expression(text: str):
    (problem,) = parse_expression(text).problems
    assert problem.code in {"bad-expression", "too-large"}
    assert problem.offset is None


def test_an_unknown_function_is_named_where_it_stands():
    (problem,) = parse_expression("$[a, lne(b)]").problems
    assert (problem.code, problem.offset, problem.hint) == ("unknown-function", 5, "len")


def test_a_very_long_expression_is_too_large():
    (problem,) = parse_expression("$" + "a" * EXPRESSION_CHARS_MAX).problems
    assert problem.code == "too-large"


@given(st.text("$ab.[](){}'\"\\0123456789-+,:|<>=! \n", max_size=40))
def test_no_text_makes_it_fail_in_any_other_way(text: str):
    parse_expression("$" + text)
