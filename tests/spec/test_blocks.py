"""Steps inside a step: what they see, what they give, and how they stand in the model."""

import json
from dataclasses import replace

import pytest

from spec.limits import BLOCKS_DEEP_MAX, FLOWS_DEEP_MAX
from spec.load import load
from spec.model import Block, Document, Flow, Loop
from spec.problems import SpecError
from spec.source import Source
from spec.values import Call, Literal, Member, Name
from spec.vocabulary import Signature, StoredFlow, Vocabulary

INPUTS = {"docs": "doc[]", "texts": "string[]", "hint": "string?"}
TEXT = {"use": "text", "template": "x"}
INNER = {"a": TEXT}


def source_of(step: dict[str, object], others: dict[str, object] | None = None) -> Source:
    document = {
        "workflow": "one",
        "inputs": INPUTS,
        "steps": {"s": step, **(others or {})},
        "outputs": {"x": "$s.x"},
    }
    return Source("one.json", json.dumps(document).encode(), "json")


def loaded(step: dict[str, object], vocabulary: Vocabulary, **others: object) -> Document:
    return load(source_of(step, others), vocabulary)


def codes(step: dict[str, object], vocabulary: Vocabulary, **others: object) -> list[str]:
    with pytest.raises(SpecError) as refused:
        loaded(step, vocabulary, **others)
    return [problem.code for problem in refused.value.problems]


def loop(start: object, following: object, **more: object) -> dict[str, object]:
    return {"loop": {"max": 2, "start": {"x": start}, "next": {"x": following}, **more}}


@pytest.mark.parametrize(
    ("more", "type"),
    [
        ({"outputs": {"x": "$a"}}, "string"),
        ({"outputs": {"x": "$inputs.hint"}}, "string?"),
        ({"outputs": {"x": "$a"}, "for_each": "$inputs.docs"}, "string[]"),
        ({"outputs": {"x": "$item.url"}, "for_each": "$inputs.docs"}, "string?[]"),
        ({"outputs": {"x": "$[a.text]"}, "for_each": [1], "collect": "x"}, "string[]"),
        ({"outputs": {"x": "$a"}, "fold": "$inputs.docs", "start": ""}, "string"),
        ({"outputs": {"x": "$inputs.hint"}, "fold": "$inputs.docs", "start": ""}, "string?"),
        ({"outputs": {"x": "$items[0]"}, "reduce": "$inputs.docs"}, "doc"),
        (loop("", "$a.text"), "string"),
        (loop("", "$inputs.hint"), "string?"),
        (loop([], "$loop.x + [a.text]"), "any[]"),
        (loop(None, "$a"), "any"),
        (loop(1, "$len(a.text)", until="$loop.x > 3"), "integer"),
    ],
)
def test_what_a_block_gives_follows_from_what_is_in_it(
    more: dict[str, object], type: str, vocabulary: Vocabulary
):
    document = loaded({"steps": INNER, **more}, vocabulary)
    assert str(document.outputs[0].type) == type


def test_steps_of_a_block_see_what_is_around_it_and_not_the_block(vocabulary: Vocabulary):
    inner = {"a": {**TEXT, "template": "{{ t.text }}"}, "b": {**TEXT, "template": "{{ a }}"}}
    step = {"steps": inner, "outputs": {"x": "$b"}}
    assert loaded(step, vocabulary, t=TEXT).steps
    assert codes(step, vocabulary) == ["unknown-reference"]
    itself = {"steps": {"a": {**TEXT, "template": "{{ s.x }}"}}, "outputs": {"x": "$a"}}
    assert codes(itself, vocabulary) == ["unknown-reference"]
    outside = {**TEXT, "template": "{{ a }}"}
    assert codes({"steps": INNER, "outputs": {"x": "$a"}}, vocabulary, t=outside) == [
        "unknown-reference"
    ]


def test_a_name_that_is_visible_is_not_taken_again(vocabulary: Vocabulary):
    step = {"steps": INNER, "outputs": {"x": "$a"}}
    assert codes(step, vocabulary, a=TEXT) == ["bad-name"]
    beside = {"steps": INNER, "outputs": {"y": "$a"}}
    assert loaded(step, vocabulary, t=beside).steps
    within = {"steps": {"s": TEXT}, "outputs": {"x": "$s"}}
    assert loaded(within, vocabulary).steps


def test_a_block_waits_for_what_its_steps_read(vocabulary: Vocabulary):
    step = {"steps": {"a": {**TEXT, "template": "{{ t }}"}}, "outputs": {"x": "$a"}}
    assert codes(step, vocabulary, t={**TEXT, "template": "{{ s.x }}"}) == ["cycle"]


def test_the_condition_of_a_block_guards_what_is_in_it(vocabulary: Vocabulary):
    reading = {"steps": {"a": {**TEXT, "template": "{{ inputs.hint }}"}}, "outputs": {"x": "$a"}}
    assert codes(reading, vocabulary) == ["may-be-null"]
    assert loaded({"if": "$inputs.hint != null", **reading}, vocabulary).steps
    element = {"steps": {"a": {**TEXT, "template": "{{ item.url }}"}}, "outputs": {"x": "$a"}}
    over = {"for_each": "$inputs.docs", **element}
    assert codes(over, vocabulary) == ["may-be-null"]
    assert loaded({"if": "$item.url != null", **over}, vocabulary).steps


def test_the_innermost_element_wins(vocabulary: Vocabulary):
    inner = {"for_each": "$inputs.texts", "use": "text", "template": "{{ item }}"}
    step = {"for_each": "$inputs.docs", "steps": {"a": inner}, "outputs": {"x": "$a"}}
    assert str(loaded(step, vocabulary).outputs[0].type) == "string[][]"
    guarded = {**inner, "for_each": "$[item.url]", "template": "{{ item }}"}
    outer = {**step, "if": "$item != null", "steps": {"a": guarded}}
    assert codes(outer, vocabulary) == ["may-be-null"]


@pytest.mark.parametrize("condition", [{}, {"if": "$inputs.hint != null"}])
def test_a_list_inside_is_of_the_element_around_and_of_what_is_known_of_it(condition, vocabulary):
    listed = {**condition, "for_each": ["{{ item.url }}"], **TEXT}
    block = {"if": "$item.url != null", "steps": {"b": listed}, "outputs": {"x": "$b.text"}}
    outer = {"for_each": "$inputs.docs", "steps": {"a": block}, "outputs": {"x": "$a.x"}}
    assert loaded(outer, vocabulary).steps
    del block["if"]
    assert codes(outer, vocabulary) == ["may-be-null"]


def test_a_loop_stands_in_the_model_with_every_name_written_out(vocabulary: Vocabulary):
    step = {"steps": INNER, **loop("", "$a", until="$len(loop.x) > 1")}
    body = loaded(step, vocabulary).steps[0].body
    assert isinstance(body, Block)
    assert [inner.id for inner in body.steps] == ["a"]
    assert isinstance(body.loop, Loop)
    assert (body.loop.max, body.loop.start) == (Literal(2), (("x", Literal("")),))
    assert body.loop.next == (("x", Member(Name("a"), "text")),)
    assert Call("len", (Member(Name("loop"), "x"),)) in body.loop.until.operands


def test_a_flow_is_pinned_to_the_version_it_has_now(vocabulary: Vocabulary):
    latest = {"flow": "answer", "question": "x"}
    pinned = {"flow": "answer@a1", "question": "x"}
    others = {"l": latest, "p": pinned}
    document = loaded({"steps": INNER, "outputs": {"x": "$a"}}, vocabulary, **others)
    assert [step.body for step in document.steps[1:]] == [
        Flow("answer", "b2"),
        Flow("answer", "a1"),
    ]


@pytest.mark.parametrize(
    "extra", [{}, {"for_each": [1]}, {"fold": [1], "start": "", "fallback": {}}]
)
def test_blocks_inside_blocks_end_somewhere(extra: dict[str, object], vocabulary: Vocabulary):
    def nested(levels: int) -> dict[str, object]:
        step: dict[str, object] = {"steps": INNER, "outputs": {"x": ""}}
        for level in range(levels - 1):
            step = {**extra, "steps": {f"b{level}": step}, "outputs": {"x": ""}}
        return step

    assert loaded(nested(BLOCKS_DEEP_MAX), vocabulary).steps
    assert codes(nested(BLOCKS_DEEP_MAX + 1), vocabulary) == ["too-large"]


def test_workflows_inside_each_other_have_a_limit(vocabulary: Vocabulary):
    given = {"docs": [], "texts": []}
    flows: dict[str, StoredFlow] = {}
    inner: dict[str, object] = TEXT
    for deep in range(FLOWS_DEEP_MAX + 1):
        block = {"steps": {"a": inner}, "outputs": {"x": ""}}
        document = loaded(block, replace(vocabulary, flows=flows))
        assert document.flows_deep == deep
        flows[f"w{deep}"] = StoredFlow(str(deep), Signature.of(document))
        inner = {"flow": f"w{deep}", **given}
    too_deep = {"steps": {"a": inner}, "outputs": {"x": ""}}
    assert codes(too_deep, replace(vocabulary, flows=flows)) == ["too-large"]
