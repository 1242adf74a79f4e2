"""What is computed in place: conditions, lists, and what many elements gave, put together."""

from typing import Any

import pytest

from executors.settled import hashed, settled
from planner.structure import ELEMENTS_MAX, Shape
from spec.evaluate import EvaluationError


def closed(**params: Any) -> Any:
    return settled("close", params)[0]["value"]


def columns(rows: list[Any], collect: str | None = None) -> Any:
    return closed(rows=rows, fields=["a", "b"], collect=collect)


@pytest.mark.parametrize(("given", "truth"), [(True, True), (False, False), (None, False)])
def test_null_counts_as_false(given, truth):
    assert settled("open", {"condition": given})[1] == Shape(truth=truth)
    assert settled("close", {"value": {}, "until": given})[1].truth is truth


def test_of_a_list_its_length_is_known():
    outputs, shape = settled("open", {"items": ["x", "y"], "start": 0, "fan_in": 3})
    assert outputs == {"items": ["x", "y"], "start": 0}
    assert shape == Shape(count=2, fan_in=3)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"condition": 1}, "wrong-type"),
        ({"items": None}, "wrong-type"),
        ({"items": "abc"}, "wrong-type"),
        ({"items": [0] * (ELEMENTS_MAX + 1)}, "too-large"),
        ({"max": 0}, "bad-value"),
        ({"max": 101}, "bad-value"),
        ({"max": True}, "bad-value"),
        ({"items": [], "fan_in": 1}, "bad-value"),
    ],
)
def test_what_cannot_be_gone_over_is_refused(params, code):
    with pytest.raises(EvaluationError) as refused:
        settled("open", params)
    assert refused.value.code == code


def test_each_field_becomes_a_list_without_what_was_dropped():
    rows = [{"a": 1, "b": None}, None, {"a": None, "b": 2}]
    assert columns(rows) == {"a": [1, None], "b": [None, 2]}
    assert columns([]) == {"a": [], "b": []}


def test_collected_lists_are_joined_without_nulls_and_repeats():
    rows = [{"a": [1, {"id": "x", "n": 1}], "b": 0}, {"a": None, "b": 0},
            {"a": [None, {"id": "x", "n": 2}, 1.0, 2], "b": 0}]  # fmt: skip
    assert columns(rows, "a")["a"] == [1, {"id": "x", "n": 1}, 2]


def test_what_is_no_list_cannot_be_collected():
    with pytest.raises(EvaluationError) as refused:
        columns([{"a": "text", "b": 0}], "a")
    assert refused.value.code == "wrong-type"


def test_what_is_known_to_fail_fails():
    with pytest.raises(EvaluationError) as refused:
        closed(fault="there is nothing to reduce")
    assert "nothing to reduce" in str(refused.value)


def test_equal_values_have_equal_hashes_and_others_do_not():
    assert hashed(["a", {"b": 1}]) == hashed(["a", {"b": 1}])
    assert hashed(["a", {"b": 1}]) != hashed(["a", {"b": 2}])
    assert settled("open", {"key": ["a"]})[0]["items"] == hashed(["a"])
