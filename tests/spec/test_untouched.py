"""Evaluation looks into plain data alone; what is of any other type is handed on as it is."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec.evaluate import EvaluationError, evaluate
from spec.expressions import parse_expression
from spec.formatters import FORMATTERS
from spec.functions import FUNCTIONS
from spec.templates import parse_template
from spec.values import AcceptedAt, Leaf, Name, Value
from tests.spec.generated import EXPRESSIONS, SCOPES, TYPES
from tests.spec.generated_pages import TEMPLATES
from tests.spec.traps import CONTENT, SPECIAL, Touched, Trap

KINDS = st.sampled_from(list(CONTENT))
EACH_KIND = pytest.mark.parametrize("kind", CONTENT, ids=lambda kind: kind.__name__)
OPERATIONS = (
    "{} == {}", "{} != {}", "{} < {}", "{} >= {}", "{} in {}", "{} not in {}", "{} + {}",
    "{} and {}", "{} or {}", "not {} or {}", "{}[{}]", "{}[{}:]", "{}[:{}]", "[{}] == [{}]",
)  # fmt: skip
SLOTTED = (
    "", "|json", "|numbered", "|join(',')", "|each('{i}{}{a}{text.a}')", "|truncate(1)",
    "|default('x')", "|default([])|json",
)  # fmt: skip


def around(trap: Trap) -> dict[str, Any]:
    """Return a scope in which the trap stands alone and in everything."""
    x = trap.value
    return {
        "x": x, "l": [x], "ll": [[x, 1], None, ["a"]], "o": {"a": x, "text": x, "id": x},
        "k": trap.keyed, "d": [{"id": x, "text": "t"}, {"id": "b", "text": x}], "s": "s", "n": 1,
    }  # fmt: skip


def assert_untouched(
    value: Value, kind: type, scope_of: Callable[[Trap], dict[str, Any]] = around
) -> None:
    trap = Trap(kind)
    scope = scope_of(trap)

    def lookup(leaf: Leaf) -> Any:
        if isinstance(leaf, AcceptedAt):
            return "2026-01-01T00:00:00.000Z"
        assert isinstance(leaf, Name)
        return scope[leaf.id]

    made: Any
    try:
        made = evaluate(value, lookup)
    except EvaluationError as error:
        made = f"{error} {error.code} {error.path} {error.detail}"
    assert trap.touches == []
    assert trap.is_kept(made)


def read(text: str) -> Value:
    parsed = parse_expression(text)
    assert not parsed.problems
    return parsed.value


@EACH_KIND
@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_looks_into_it(function: str, kind: type):
    one = ("x", "l", "ll", "o", "k", "d", "[k]", "[x, x]", "[[x]]", "[k, k]")
    two = ("x, x", "l, s", "s, x", "l, x", "x, l", "l, l", "null, x", "d, ','", "ll, s", "k, k")
    for given_to_it in one + two:
        if not FUNCTIONS[function].refuses(2 if given_to_it in two else 1):
            assert_untouched(read(f"${function}({given_to_it})"), kind)


@EACH_KIND
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_operator_looks_into_it(operation: str, kind: type):
    for left in ("x", "l", "o", "k", "d", "[k]"):
        for right in ("x", "l", "o", "k", "s", "n", "null", "'a'", "[x]", "[k]"):
            assert_untouched(read(f"${operation.format(left, right)}"), kind)
            assert_untouched(read(f"${operation.format(right, left)}"), kind)


@EACH_KIND
@pytest.mark.parametrize("formatters", SLOTTED)
def test_no_slot_looks_into_it(formatters: str, kind: type):
    for path in ("x", "x.a", "x[0]", "x.__class__", "l", "l[0].a", "o", "o.a", "k", "d"):
        parsed = parse_template(f"a {{{{ {path} {formatters} }}}} b")
        assert not parsed.problems
        assert_untouched(parsed.value, kind)


def test_every_formatter_is_tried():
    assert {
        name for name in FORMATTERS if not any(f"|{name}" in tried for tried in SLOTTED)
    } == set()


def assert_generated_untouched(
    text: str, kind: type, scope: dict[str, Any], trapped: set[str]
) -> None:
    def scope_of(trap: Trap) -> dict[str, Any]:
        some = {"la": [trap.value, 1, trap.keyed], "o": {"a": trap.value, "b": trap.keyed}}
        return scope | dict.fromkeys(trapped, trap.value) | some

    assert_untouched(read(text), kind, scope_of)


@given(EXPRESSIONS, KINDS, SCOPES, st.sets(st.sampled_from(list(TYPES))))
@settings(max_examples=300)
def test_no_expression_looks_into_it(
    text: str, kind: type, scope: dict[str, Any], trapped: set[str]
):
    assert_generated_untouched(text, kind, scope, trapped)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
@given(EXPRESSIONS, KINDS, SCOPES, st.sets(st.sampled_from(list(TYPES))))
@settings(max_examples=4_000)
def test_none_of_twenty_thousand_expressions_looks_into_it(
    part: int, text: str, kind: type, scope: dict[str, Any], trapped: set[str]
):
    assert_generated_untouched(text, kind, scope, trapped)


@given(TEMPLATES, KINDS)
@settings(max_examples=300)
def test_no_text_looks_into_it(text: str, kind: type):
    def scope_of(trap: Trap) -> dict[str, Any]:
        inside = dict.fromkeys(("s", "b_1", "text", "c"), trap.value)
        return {
            "inputs": inside, "d": trap.value, "ld": [inside], "a": inside, "l": [trap.value],
        }  # fmt: skip

    assert_untouched(parse_template(text).value, kind, scope_of)


@EACH_KIND
@pytest.mark.parametrize(
    "text",
    ["$x", "$[x, x][1]", "$coalesce(null, x)", "$first(l)", "$o.a", "$ll[0][0]", "$(l + l)[1]"],
)
def test_it_is_handed_on_whole(text: str, kind: type):
    trap = Trap(kind)
    scope = around(trap)
    assert evaluate(read(text), lambda leaf: scope[leaf.id]) is trap.value
    assert trap.touches == []


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_a_trap_notices_every_touch(name: str):
    trap = Trap(dict)
    with pytest.raises(Touched):
        vars(type(trap.value))[name](trap.value)
    assert trap.touches == [name]


@pytest.mark.parametrize(
    "look",
    [
        len, bool, str, repr, hash, iter, list, "{}".format, json.dumps, lambda x: x == x,
        lambda x: x.a, lambda x: x[0], lambda x: "a" in x, lambda x: isinstance(x, frozenset),
    ],
)  # fmt: skip
def test_a_trap_notices_a_look_by_whatever_means(look: Callable[[Any], object]):
    trap = Trap(list)
    with suppress(Touched, TypeError):
        look(trap.value)
    assert trap.touches


def test_what_was_copied_out_of_a_trap_without_asking_it_is_known_again():
    trap = Trap(str)
    copied = "".join(["a", trap.value])
    assert trap.touches == []
    assert not trap.is_kept([{"x": copied}])
    assert trap.is_kept([{"x": trap.value}, 1, None])
