"""Prompts: the caller's slots are bound where they stand, the module fills the rest."""

import pytest

from tests.interpreter.conftest import Plainly, plainly_on
from tests.interpreter.outcome import Outcome
from tests.interpreter.shelf import Shelf

DOCS = [{"id": "a", "text": "one", "meta": {}}, {"id": "b", "text": "two", "meta": {}}]
INNER = """
module: inner
inputs: {prompt: {type: prompt, names: {word: string, other: "string?"}}, word: string}
steps:
  a: {use: llm, prompt: $inputs.prompt, names: {word: $inputs.word}}
outputs: {text: $a}
"""
OUTER = """
module: outer
inputs: {prompt: {type: prompt, names: {word: string, other: "string?"}}, words: "string[]"}
steps:
  a: {for_each: $inputs.words, use: inner, prompt: $inputs.prompt, word: "<{{ item }}>"}
outputs: {texts: $a.text}
"""


def prompts(outcome: Outcome) -> list[object]:
    return [call.params["prompt"] for call in outcome.calls if call.op == "prefill"]


def test_a_prompt_sees_its_own_names_and_its_callers(plainly: Plainly):
    steps = """
  a:
    use: synthesize.refine
    docs: $inputs.d
    prompt: "{{ inputs.q }}|{{ doc.text }}|{{ draft }}\""""
    outcome = plainly(steps, "{x: $a}", d=DOCS, q="q")
    first, second = prompts(outcome)
    assert first == "q|one|"
    assert isinstance(second, str)
    assert second.startswith("q|two|")
    assert len(second) > len("q|two|")


def test_a_prompts_own_name_wins_over_a_step(plainly: Plainly):
    steps = """
  doc: {use: text, template: mine}
  a: {use: synthesize.stuff, docs: $inputs.d, prompt: "{{ docs | numbered }} {{ doc }}"}
  b: {use: synthesize.refine, docs: "$inputs.d[:1]", prompt: "{{ doc.text }}"}"""
    assert prompts(plainly(steps, "{x: $a, y: $b}", d=DOCS)) == ["[1] one\n[2] two mine", "one"]


def test_a_step_does_not_wait_for_one_called_like_a_prompts_own_name(plainly: Plainly):
    steps = """
  a: {use: synthesize.refine, docs: $inputs.d, prompt: "{{ doc.text }}"}
  doc: {use: text, template: "after {{ a }}"}"""
    assert plainly(steps, "{x: $doc}", d=DOCS).status == "succeeded"


def test_a_prompt_that_turns_out_null_fails_the_step(plainly: Plainly):
    failure = plainly("  a: {use: llm, prompt: $inputs.o.k}", "{x: $a}", o={}).failure
    assert failure is not None
    assert (failure.code, failure.place.step) == ("may-be-null", "a")


def test_what_is_filled_in_is_never_read_again(plainly: Plainly):
    steps = (
        "  a: {use: synthesize.stuff, docs: $inputs.d, prompt: '{{ inputs.q }} {{ docs | json }}'}"
    )
    outcome = plainly(steps, "{x: $a}", d=DOCS[:1], q="{{ docs }} $x")
    assert prompts(outcome) == ['{{ docs }} $x [{"id":"a","text":"one","meta":{}}]']


def test_a_string_handed_over_by_a_dollar_is_one_slot(plainly: Plainly):
    steps = "  a: {use: llm, prompt: $inputs.q}"
    assert prompts(plainly(steps, "{x: $a}", q="{{ doc }}")) == ["{{ doc }}"]


def test_an_expression_may_read_the_prompts_own_names(plainly: Plainly):
    steps = "  a: {use: synthesize.refine, docs: $inputs.d, prompt: $doc.text + inputs.q}"
    assert prompts(plainly(steps, "{x: $a}", d=DOCS, q="!")) == ["one!", "two!"]


def test_a_prompt_handed_on_through_two_modules_keeps_working(shelf: Shelf):
    shelf = shelf.with_module(INNER).with_module(OUTER)
    page = {
        "workflow": "w",
        "inputs": {"q": "string"},
        "steps": {
            "a": {
                "for_each": ["x", "y"],
                "use": "outer",
                "words": ["p", "q"],
                "prompt": "{{ item }}{{ position }}{{ word }}{{ inputs.q }}{{other|default('-')}}",
            }
        },
        "outputs": {"x": "$a.texts"},
    }
    outcome = plainly_on(shelf, page, {"q": "?"})
    assert prompts(outcome) == ["x0<p>?-", "x0<q>?-", "y1<p>?-", "y1<q>?-"]


def test_a_default_prompt_is_text_over_its_own_names(plainly: Plainly):
    steps = "  a: {use: contextualize, document: whole, chunks: $inputs.d}"
    outcome = plainly(steps, "{x: $a}", d=DOCS)
    first, _ = prompts(outcome)
    assert isinstance(first, str)
    assert first.startswith("<document>\nwhole\n</document>")
    assert "<passage>\none\n</passage>" in first


def test_contextualize_keeps_ids_and_order_and_puts_what_is_said_before(plainly: Plainly):
    steps = (
        "  a: {use: contextualize, document: whole, chunks: $inputs.d, prompt: '{{ chunk.id }}'}"
    )
    outcome = plainly(steps, "{x: $a}", d=DOCS)
    said = [call.answer["text"] for call in outcome.calls if call.op == "decode" and call.answer]
    assert outcome.outputs == {
        "x": [
            {"id": "a", "text": f"{said[0]}\none", "meta": {}},
            {"id": "b", "text": f"{said[1]}\ntwo", "meta": {}},
        ]
    }


@pytest.mark.parametrize("use", ["synthesize.refine", "synthesize.tree"])
def test_no_docs_give_no_text(plainly: Plainly, use: str):
    outcome = plainly(f"  a: {{use: {use}, docs: $inputs.o.d, prompt: p}}", "{x: $a}", o={"d": []})
    assert (outcome.outputs, prompts(outcome)) == ({"x": ""}, [])


def test_a_slot_that_turns_out_null_fails_the_step_that_wrote_it(plainly: Plainly):
    steps = "  a: {use: synthesize.refine, docs: $inputs.d, prompt: '{{ inputs.o.k }}'}"
    failure = plainly(steps, "{x: $a}", d=DOCS, o={}).failure
    assert failure is not None
    assert (failure.code, failure.place.step) == ("may-be-null", "a")


def test_a_prompt_that_is_left_out_is_none(plainly: Plainly):
    outcome = plainly("  a: {use: llm, prompt: p, system: null}", "{x: $a}")
    assert outcome.calls[0].params["system"] is None


def test_a_conversation_goes_on_with_what_the_user_says_last(plainly: Plainly):
    steps = """
  a: {use: llm.chat, system: s, user: "{{ inputs.q }}"}
  b: {use: llm.chat, messages: $a.messages, user: again}"""
    outcome = plainly(steps, "{x: $b.messages, y: [$a.message, $b.message]}", q="q")
    assert outcome.outputs is not None
    first, second = outcome.outputs["y"]
    assert outcome.outputs["x"] == [
        {"role": "user", "content": "q"}, first, {"role": "user", "content": "again"}, second,
    ]  # fmt: skip
