"""What may follow a `$`, and where each path in it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.expressions import parse_expression
from spec.limits import EXPRESSION_CHARS_MAX
from spec.parsed import Placed
from spec.values import AcceptedAt, Call, ListOf, Literal, Member, Name, Operation, Slice

A, B, C = Name("a"), Name("b"), Name("c")


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
    assert [path.offsets for path in parsed.references] == [(2, 5), (9, 12), (21, 23)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$a or b and c", Operation("or", (A, Operation("and", (B, C))))),
        ("$a or b or c", Operation("or", (A, B, C))),
        ("$(a or b) and c", Operation("and", (Operation("or", (A, B)), C))),
        ("$not a and b", Operation("and", (Operation("not", (A,)), B))),
        ("$not a == b", Operation("not", (Operation("==", (A, B)),))),
        ("$a + b < c", Operation("<", (Operation("+", (A, B)), C))),
        ("$a not in b", Operation("not in", (A, B))),
        ("$a in b", Operation("in", (A, B))),
        ("$(a in b) == c", Operation("==", (Operation("in", (A, B)), C))),
        ("$a + b + c", Operation("+", (A, B, C))),
        ("$a + (b + c)", Operation("+", (A, Operation("+", (B, C))))),
        ("$a[b]", Member(A, B)),
        ("$a[b.c]", Member(A, Member(B, "c"))),
        ("$a[1.5]", Member(A, Literal(1.5))),
        ("$a[1:2]", Slice(A, Literal(1), Literal(2))),
        ("$a[b:]", Slice(A, B, None)),
        ("$a[:b][:]", Slice(Slice(A, None, B), None, None)),
        ("$first(a).b", Member(Call("first", (A,)), "b")),
        ("$coalesce(a, b, 1)", Call("coalesce", (A, B, Literal(1)))),
        ("$zip($a, [b, $c])", Call("zip", (A, ListOf((B, C))))),
        ("$now_iso()", AcceptedAt()),
        ("$len", Name("len")),
        ("$a.len.not", Member(Member(A, "len"), "not")),
    ],
)
def test_operators_bind_as_the_grammar_says(text: str, value: object):
    parsed = parse_expression(text)
    assert not parsed.problems
    assert parsed.value == value


def test_every_part_knows_where_it_starts():
    def walk(placed: Placed):
        yield placed.reference.offsets if placed.reference else placed.offset
        for part in placed.parts:
            yield from walk(part)

    placed = parse_expression("$not (a.b + 'x')[1:c] in [d, len($e)]").placed
    #                          0         1         2         3
    #                          0123456789012345678901234567890123456
    assert placed is not None
    assert list(walk(placed)) == [1, 6, 6, 6, (6, 8), 12, 17, (19,), 25, (26,), 29, (34,)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$a < b < c", "comparisons do not chain: join two by `and` before this `<`"),
        ("$a == b in c", "comparisons do not chain: join two by `and` before this `in`"),
        ("$a == b not in c", "comparisons do not chain: join two by `and` before this `not in`"),
        ("$a == not b", "what `not` negates stands in brackets here: `(not …)`"),
        ("$a not b", "after a value, `not` has to be followed by `in`"),
        ("$a - 1", "the only arithmetic is `+`"),
        ("$a = 1", "`=` is not written here: `==` compares, a `value` step names a result"),
        ("$a && b", "`and` is written as a word"),
        ("$!a", "`not` is written as a word"),
        ("$a if b else c", "there is no conditional expression: use a step with `if`"),
        ("$[a for b in c]", "there is no comprehension: use a step with `for_each`"),
        ("$a.upper()", "there are no methods, so no `.upper()`: write `upper(…)`"),
        ("$a.real()", "there are no methods, so no `.real()`"),
        (
            "$a | json",
            "formatters belong in text, as in `{{ name | json }}`; here functions are called",
        ),
        ("${a: 1}", "there are no objects in an expression: write them in YAML around it"),
        ("$len(a", "`)` is missing at the end"),
        ("$len(a b)", "`)` is missing before `b`"),
        ("$[a, b] c", "the expression should have ended before `c`"),
        ("$a +", "a name, a number, a string or a list is missing at the end"),
        ("$a.1", "a position stands in brackets, as in `[0]`"),
        ("$len()", "`len(x)` takes 1 argument, and is given 0"),
        ("$join(a)", "`join(l, sep)` takes 2 arguments, and is given 1"),
        ("$zip(a)", "`zip(a, b, …)` takes 2 or more arguments, and is given 1"),
        ("$now_iso(1)", "`now_iso()` takes no arguments"),
        ("$-a", "only a number may follow a `-`"),
        (r"$'\{'", r"a string knows the escapes \n \t \\ \' \" only"),
    ],
)
def test_what_is_no_expression_is_said_in_the_languages_own_words(text: str, said: str):
    (problem,) = parse_expression(text).problems
    assert (problem.code, problem.detail, problem.offset) == ("bad-expression", said, None)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("$" + "a" * EXPRESSION_CHARS_MAX, "expression_chars_max"),
        ("$" + "(" * 40 + "a" + ")" * 40, "expression_depth_max"),
        ("$" + "[" * 4000, "expression_depth_max"),
        ("$" + "not " * 40 + "a", "expression_depth_max"),
        ("$a" + ".b" * 100, "path_segments_max"),
        ("$" + "(" * 20 + "a" + ".b.b.b.b)" * 20, "path_segments_max"),
    ],
)
def test_a_limit_is_named(text: str, limit: str):
    (problem,) = parse_expression(text).problems
    assert problem.code == "too-large"
    assert problem.detail.endswith(f"(`{limit}`)")


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
    ],
)
def test_anything_else_is_no_expression(text: str):
    (problem,) = parse_expression(text).problems
    assert problem.code == "bad-expression"
    assert problem.offset is None


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740992", "1" * 400, "1e999"])
def test_a_number_that_is_not_exact_is_a_bad_value_where_it_stands(number: str):
    (problem,) = parse_expression(f"$[a, {number}]").problems
    assert (problem.code, problem.offset) == ("bad-value", 5 + number.startswith("-"))


def test_every_unknown_function_is_named_where_it_stands():
    parsed = parse_expression("$[a, lne(b), frist(c.d)]")
    found = [(problem.code, problem.offset, problem.hint) for problem in parsed.problems]
    assert found == [("unknown-function", 5, "len"), ("unknown-function", 13, "first")]
    assert [str(reference) for reference in parsed.references] == ["a", "b", "c.d"]


WORDS = [
    *("$", "a", "b", ".", "[", "]", "(", ")", "{", "}", "'", '"', "0", "12", "-1", "+", ",", ":"),
    *("|", "<", ">=", "==", "!", "and", "or", "not", "in", "len", "coalesce", "null"),
]


@given(st.text("$ab.[](){}'\"\\0123456789-+,:|<>=! \n", max_size=40))
def test_no_text_makes_it_fail_in_any_other_way(text: str):
    parse_expression("$" + text)


@given(st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join))
def test_no_words_make_it_fail_in_any_other_way(text: str):
    parse_expression("$" + text)
