"""Whatever an expression says and is handed: it ends, and costs and makes no more than it may."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec.data import mismatches
from spec.evaluate import Evaluation, EvaluationError, evaluate
from spec.expressions import parse_expression
from spec.inference import Wrong, infer, shape_of
from spec.limits import (
    EVALUATION_COST_MAX,
    EXPRESSION_CHARS_MAX,
    LIST_ITEMS_MAX,
    STRING_CHARS_MAX,
    VALUE_DEPTH_MAX,
)
from spec.parsed import Placed
from spec.scope import Scope
from spec.values import AcceptedAt, Leaf, Literal, Name, Value, parts
from tests.spec.generated import EXPRESSIONS, JSON, SCOPES, TYPES, WELL_TYPED

PARTS = 5  # a run remembers each of its examples: so many in one take a gigabyte
SCOPE = Scope(inputs={}, steps={}, names=TYPES)


def lookup_in(scope: dict[str, Any]):
    def lookup(leaf: Leaf) -> Any:
        if isinstance(leaf, AcceptedAt):
            return "2026-01-01T00:00:00.000Z"
        assert isinstance(leaf, Name)
        return scope[leaf.id]

    return lookup


def read(text: str) -> Value:
    parsed = parse_expression(text)
    assert not parsed.problems
    return parsed.value


@contextmanager
def counted_calls() -> Iterator[list[str]]:
    """Give a list that grows with every call of a function that is made, Python's or not."""
    calls: list[str] = []

    def count(_: Any, event: str, __: Any) -> None:
        if event in ("call", "c_call"):
            calls.append(event)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def assert_total(text: str, scope: dict[str, Any]) -> None:
    """Evaluate, and hold what was done and what was made against what the meter says of it."""
    value, evaluation, made = read(text), Evaluation(lookup_in(scope)), None
    with counted_calls() as calls, suppress(EvaluationError):
        made = evaluation.value(value)
    spent = evaluation.meter.spent
    assert spent <= EVALUATION_COST_MAX
    assert len(calls) <= CALLS_A_VISIT * (spent // VISIT_COST + nodes(value))
    assert size(made, known(scope)) <= spent + len(text)


VISIT_COST = 10
CALLS_A_VISIT = 40  # writing a number as text takes 27


def nodes(value: Value) -> int:
    return 1 + sum(map(nodes, parts(value)))


def known(data: Any) -> dict[int, Any]:
    """Return everything that `data` holds, by its identity."""
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return {id(data): data} | {key: part for each in inner for key, part in known(each).items()}


def size(made: Any, given: dict[int, Any]) -> int:
    """Return how many references and sixteens of characters were made anew."""
    if id(made) in given:
        return 0
    if isinstance(made, list):
        return len(made) + sum(size(item, given) for item in made)
    return len(made) // 16 if isinstance(made, str) else 0


ANYTHING = st.fixed_dictionaries(dict.fromkeys(TYPES, JSON))
MUCH = {
    "i": 200, "n": 0.5, "s": "ab" * 3_000, "b": True, "o": {f"k{n}": n for n in range(300)},
    "d": {"id": "a", "text": "t" * 2_000, "meta": {}}, "li": list(range(300)), "ls": ["abc"] * 300,
    "ld": [{"id": str(n), "text": "t" * n, "meta": {}} for n in range(200)],
    "ll": [list(range(20))] * 300, "la": [[[n, str(n)], None, {"a": n}] for n in range(200)],
    "oi": None, "os": "x" * 5_000, "od": None, "ols": None,
}  # fmt: skip


@given(EXPRESSIONS, ANYTHING)
@settings(max_examples=300)
def test_an_expression_gives_data_or_an_evaluation_error(text: str, scope: dict[str, Any]):
    assert_total(text, scope)


@given(EXPRESSIONS | WELL_TYPED)
@settings(max_examples=100)
def test_so_it_does_where_there_is_much_to_work_on(text: str):
    assert_total(text, MUCH)


@pytest.mark.parametrize("text", ["$sum(ls)", "$min(ls)", "$max(ld)", "$join(li, '')"])
def test_what_a_function_refuses_is_counted_too(text: str):
    assert_total(text, MUCH)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@given(EXPRESSIONS | WELL_TYPED, ANYTHING)
@settings(max_examples=20_000 // PARTS)
def test_twenty_thousand_expressions_end(part: int, text: str, scope: dict[str, Any]):
    assert_total(text, scope)


@pytest.mark.slow
@given(EXPRESSIONS | WELL_TYPED)
@settings(max_examples=5_000)
def test_five_thousand_end_where_there_is_much_to_work_on(text: str):
    assert_total(text, MUCH)


def assert_sound(text: str, scope: dict[str, Any], *, well_typed: bool = False) -> None:
    found: list[Wrong] = []
    placed = parse_expression(text).placed
    assert placed is not None
    shape = infer(SCOPE, placed, found.append)
    if found and not well_typed:
        return
    assert not found
    assert shape is not None
    result = given_or_code(placed.value, scope)
    if isinstance(result, EvaluationError):
        late = {"bad-value", "too-large"}  # positions, separators and sizes are known only then
        assert result.code in late | ({"wrong-type", "may-be-null"} if reads_any(placed) else set())
    else:
        assert not list(mismatches(result, shape.type))


def given_or_code(value: Value, scope: dict[str, Any]) -> Any:
    try:
        return evaluate(value, lookup_in(scope))
    except EvaluationError as error:
        return error


def reads_any(placed: Placed) -> bool:
    """Whether anything in it is of a type that is only checked when it arrives."""
    shape = shape_of(SCOPE, placed)
    here = shape is None or (shape.type.word == "any" and not isinstance(placed.value, Literal))
    return here or any(map(reads_any, placed.parts))


@given(EXPRESSIONS, SCOPES)
@settings(max_examples=500)
def test_what_was_checked_is_of_the_type_that_was_inferred(text: str, scope: dict[str, Any]):
    assert_sound(text, scope)


@given(WELL_TYPED, SCOPES)
@settings(max_examples=500)
def test_what_is_right_is_accepted_and_of_the_type_that_was_inferred(
    text: str, scope: dict[str, Any]
):
    assert_sound(text, scope, well_typed=True)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@given(EXPRESSIONS | WELL_TYPED, SCOPES)
@settings(max_examples=20_000 // PARTS)
def test_twenty_thousand_checked_expressions_are_of_their_types(
    part: int, text: str, scope: dict[str, Any]
):
    assert_sound(text, scope)


@pytest.mark.parametrize(
    "text",
    [
        "$" + "+".join(["range(99999)"] * 300),
        "$len(" + "+".join(["range(99999)"] * 300) + ")",
        "$[" + ",".join(["len(range(99999))"] * 220) + "]",
        "$[" + ",".join(["unique(l)"] * 400) + "]",
        "$[" + ",".join(["l == l"] * 580) + "]",
        "$[" + ",".join(["upper(s)"] * 450) + "]",
        "$[" + ",".join(["join(l, s)"] * 370) + "]",
        "$[" + ",".join(["split(s, 'a')"] * 290) + "]",
        "$join([" + ",".join(["l"] * 2000) + "], '')",
        "$unique([" + ",".join(["l"] * 2000) + "])",
        "$len(" + "+".join(["s"] * 2000) + ")",
        "$flatten([" + ",".join(["l"] * 2000) + "])",
        "$zip(" + ",".join(["l"] * 2000) + ")",
        "$" + "[" * 31 + "l" + "]" * 31 + " == " + "[" * 31 + "l" + "]" * 31,
        "$" + "flatten(" * 20 + "[l,l,l,l]" + ")" * 20,
        "$" + "+".join(["1"] * 2040),
        "$" + " or ".join(["false"] * 450),
    ],
    ids=lambda text: text[:30],
)
def test_no_expression_costs_more_than_the_limit(text: str):
    assert len(text) <= EXPRESSION_CHARS_MAX
    scope = {"l": [[n, str(n)] for n in range(2000)], "s": "a" * 100_000}
    evaluation = Evaluation(lookup_in(scope))
    value = read(text)
    made: Any = None
    with counted_calls() as calls, suppress(EvaluationError):
        made = evaluation.value(value)
    assert evaluation.meter.spent <= EVALUATION_COST_MAX
    assert len(calls) <= CALLS_A_VISIT * (evaluation.meter.spent // VISIT_COST + nodes(value))
    assert not isinstance(made, list) or len(made) <= LIST_ITEMS_MAX
    assert not isinstance(made, str) or len(made) <= STRING_CHARS_MAX


@pytest.mark.parametrize("text", ["$a == b", "$unique([a, b])", "$join([a], '')", "$a in [b]"])
def test_data_nested_too_deep_fails_in_the_same_way(text: str):
    deep: list[Any] = []
    other: list[Any] = []
    for _ in range(VALUE_DEPTH_MAX + 2):
        deep, other = [deep], [other]
    with pytest.raises(EvaluationError, match="value_depth_max"):
        evaluate(read(text), lookup_in({"a": deep, "b": other}))
