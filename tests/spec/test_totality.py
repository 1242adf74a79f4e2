"""Whatever an expression says and is handed: it ends, stays small, and touches only plain data."""

from contextlib import suppress
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec.data import mismatches
from spec.evaluate import Evaluation, EvaluationError, evaluate
from spec.expressions import parse_expression
from spec.functions import FUNCTIONS
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
from spec.templates import parse_template
from spec.values import AcceptedAt, Leaf, Literal, Name, Value
from tests.spec.generated import EXPRESSIONS, JSON, SCOPES, TYPES, WELL_TYPED

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


def assert_total(text: str, scope: dict[str, Any]) -> None:
    evaluation = Evaluation(lookup_in(scope))
    with suppress(EvaluationError):
        evaluation.value(read(text))
    assert evaluation.meter.spent <= EVALUATION_COST_MAX


ANYTHING = st.fixed_dictionaries(dict.fromkeys(TYPES, JSON))


@given(EXPRESSIONS, ANYTHING)
@settings(max_examples=300)
def test_an_expression_gives_data_or_an_evaluation_error(text: str, scope: dict[str, Any]):
    assert_total(text, scope)


@pytest.mark.slow
@given(EXPRESSIONS | WELL_TYPED, ANYTHING)
@settings(max_examples=20_000)
def test_twenty_thousand_expressions_end(text: str, scope: dict[str, Any]):
    assert_total(text, scope)


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
@given(EXPRESSIONS | WELL_TYPED, SCOPES)
@settings(max_examples=20_000)
def test_twenty_thousand_checked_expressions_are_of_their_types(text: str, scope: dict[str, Any]):
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
    made: Any = None
    with suppress(EvaluationError):
        made = evaluation.value(read(text))
    assert evaluation.meter.spent <= EVALUATION_COST_MAX
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


class Touched(AssertionError):
    """Something looked into what is no plain data."""


def _touch(*_: object, **__: object) -> NoReturn:
    raise Touched


_SPECIAL = (
    "__getattribute__", "__getattr__", "__getitem__", "__iter__", "__len__", "__eq__", "__ne__",
    "__lt__", "__le__", "__gt__", "__ge__", "__add__", "__radd__", "__contains__", "__bool__",
    "__hash__", "__str__", "__repr__", "__format__", "__call__", "__int__", "__float__",
    "__index__", "__abs__", "__neg__",
)  # fmt: skip


def _trap(kind: type) -> Any:
    names = [name for name in _SPECIAL if kind is not object or name != "__bool__"]
    return type(f"Trap{kind.__name__}", (kind,), dict.fromkeys(names, _touch))()


TRAPS = {kind.__name__: _trap(kind) for kind in (object, dict, list, str, int, float)}


def _is_data(value: object) -> bool:
    if type(value) in (list, tuple):
        return all(map(_is_data, value))
    if type(value) is dict:
        return all(map(_is_data, value.values()))
    return type(value) in (type(None), bool, int, float, str) or any(
        value is trap for trap in TRAPS.values()
    )


@given(EXPRESSIONS, st.sampled_from(sorted(TRAPS)), SCOPES, st.sets(st.sampled_from(list(TYPES))))
@settings(max_examples=500)
def test_an_expression_touches_nothing_but_plain_data(
    text: str, kind: str, scope: dict[str, Any], trapped: set[str]
):
    trap = TRAPS[kind]
    scope = scope | dict.fromkeys(trapped, trap) | {"la": [trap, 1], "o": {"a": trap}}
    with suppress(EvaluationError):
        assert _is_data(evaluate(read(text), lookup_in(scope)))


@pytest.mark.parametrize("kind", sorted(TRAPS))
@pytest.mark.parametrize("function", sorted(FUNCTIONS))
@pytest.mark.parametrize("arguments", ["x", "x, x", "[x]", "[x], x", "x, ','"])
def test_no_function_touches_anything_but_plain_data(function: str, arguments: str, kind: str):
    text = f"${function}({arguments})"
    with suppress(EvaluationError):
        assert _is_data(evaluate(parse_expression(text).value, lookup_in({"x": TRAPS[kind]})))


@pytest.mark.parametrize("kind", sorted(TRAPS))
@pytest.mark.parametrize(
    "template",
    ["{{ x }}", "{{ x.a }}", "{{ x[0] }}", "{{ l }}"]
    + [
        f"{{{{ {name} | {formatter} }}}}"
        for name in "xl"
        for formatter in ("json", "numbered", "join(',')", "each('{a}{}')", "truncate(1)")
    ],
)
def test_text_touches_nothing_but_plain_data(kind: str, template: str):
    scope = {"x": TRAPS[kind], "l": [TRAPS[kind]]}
    with pytest.raises(EvaluationError):
        evaluate(parse_template(template).value, lookup_in(scope))


@pytest.mark.parametrize("kind", sorted(TRAPS))
@pytest.mark.parametrize("text", ["$x", "$[x, x][1]", "$coalesce(null, x)", "$first([x])"])
def test_what_is_opaque_is_handed_on_whole(kind: str, text: str):
    assert evaluate(read(text), lookup_in({"x": TRAPS[kind]})) is TRAPS[kind]
