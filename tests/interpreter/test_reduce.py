"""`reduce`: groups, then groups of what they gave, until one is left."""

import pytest

from tests.interpreter.conftest import Plainly, breaks

JOINED = (
    "  a: {{reduce: $inputs.l, fan_in: {}, use: text, template: '({{{{ items | join(\" \") }}}})'}}"
)


@pytest.mark.parametrize(
    ("count", "fan_in", "result"),
    [
        (1, 2, "0"),
        (2, 2, "(0 1)"),
        (3, 2, "((0 1) 2)"),
        (4, 2, "((0 1) (2 3))"),
        (5, 2, "(((0 1) (2 3)) 4)"),
        (6, 2, "(((0 1) (2 3)) (4 5))"),
        (3, 4, "(0 1 2)"),
        (4, 4, "(0 1 2 3)"),
        (5, 4, "((0 1 2 3) 4)"),
        (6, 4, "((0 1 2 3) (4 5))"),
        (17, 4, "(((0 1 2 3) (4 5 6 7) (8 9 10 11) (12 13 14 15)) 16)"),
    ],
)
def test_groups_are_consecutive_and_a_last_one_of_one_goes_up_unchanged(
    plainly: Plainly, count: int, fan_in: int, result: str
):
    items = [str(number) for number in range(count)]
    assert plainly(JOINED.format(fan_in), "{x: $a}", l=items).outputs == {"x": result}


def test_two_are_a_group_where_nothing_is_said(plainly: Plainly):
    steps = "  a: {reduce: $inputs.l, use: text, template: '({{ items | join(\"\") }})'}"
    assert plainly(steps, "{x: $a}", l=["p", "q", "r"]).outputs == {"x": "((pq)r)"}


def test_one_element_is_itself_and_nobody_is_asked(plainly: Plainly):
    steps = "  a: {reduce: $inputs.l, start: s, use: llm, prompt: '{{ items | json }}'}"
    outcome = plainly(steps, "{x: $a}", l=["p"])
    assert (outcome.outputs, outcome.calls) == ({"x": "p"}, ())


def test_an_empty_list_is_its_start(plainly: Plainly):
    steps = "  a: {reduce: $inputs.o.l, start: $inputs.s, use: text, template: t}"
    assert plainly(steps, "{x: $a}", o={"l": []}, s="none").outputs == {"x": "none"}


def test_a_start_that_is_null_is_given_too(plainly: Plainly):
    steps = "  a: {reduce: $inputs.o.l, start: null, use: text, template: t}"
    assert plainly(steps, "{x: $a}", o={"l": []}).outputs == {"x": None}


def test_an_empty_list_without_a_start_fails_the_step(plainly: Plainly):
    steps = "  a: {reduce: $inputs.o.l, use: text, template: t}"
    failure = plainly(steps, "{x: $a}", o={"l": []}).failure
    assert failure is not None
    assert failure.place.step == "a"


def test_the_fallback_of_a_reduce_stands_for_the_whole(plainly: Plainly):
    steps = """
  a:
    reduce: $inputs.o.l
    use: llm
    prompt: "{{ items | json }}"
    fallback: {text: "{{ inputs.s }}"}"""
    assert plainly(steps, "{x: $a}", o={"l": []}, s="so").outputs == {"x": "so"}
    broken = plainly(steps, "{x: $a}", breaks("q"), o={"l": ["p", "q", "r"]}, s="so")
    assert broken.outputs == {"x": "so"}


def test_the_body_may_be_a_block_that_sees_the_group(plainly: Plainly):
    steps = """
  a:
    reduce: $inputs.l
    fan_in: 3
    steps: {s: {use: value, value: $sum(items)}, t: {use: value, value: $s.value + 100}}
    outputs: {n: $t.value}"""
    assert plainly(steps, "{x: $a}", l=[1, 2, 3, 4]).outputs == {"x": 210}
