"""Blocks, modules and flows: what is visible in them, and what they give."""

from tests.interpreter.conftest import Plainly, breaks, plainly_on
from tests.interpreter.faults import Script
from tests.interpreter.shelf import Shelf

GREETING = """
workflow: greeting
inputs: {name: string, mark: {type: string, default: "!"}}
steps:
  line: {use: text, template: "Hello, {{ inputs.name }}{{ inputs.mark }}"}
  asked: {use: llm, prompt: "{{ line }}"}
outputs: {line: $line, asked: $asked}
"""


def test_a_block_gives_its_outputs_and_sees_what_is_around(plainly: Plainly):
    steps = """
  z: {use: text, template: z}
  a:
    steps:
      b: {steps: {c: {use: text, template: "{{ z }}{{ inputs.s }}{{ d }}"}}, outputs: {o: $c}}
      d: {use: text, template: d}
    outputs: {one: $b.o, two: [$d, $z]}"""
    assert plainly(steps, "{x: $a.one, y: $a.two}", s="s").outputs == {"x": "zsd", "y": ["d", "z"]}


def test_a_step_in_a_block_may_be_called_like_the_block(plainly: Plainly):
    steps = "  a: {steps: {a: {use: text, template: inner}}, outputs: {o: $a}}"
    assert plainly(steps, "{x: $a.o}").outputs == {"x": "inner"}


def test_a_block_waits_for_what_its_steps_read(plainly: Plainly):
    steps = """
  a: {steps: {b: {use: text, template: "{{ z }}"}}, outputs: {o: $b}}
  z: {use: text, template: last in the file}"""
    assert plainly(steps, "{x: $a.o}").outputs == {"x": "last in the file"}


def test_a_flow_gives_what_its_workflow_gives(shelf: Shelf):
    page = {
        "workflow": "caller",
        "inputs": {"names": "string[]"},
        "steps": {"a": {"for_each": "$inputs.names", "flow": "greeting", "name": "{{ item }}."}},
        "outputs": {"x": "$a.line"},
    }
    outcome = plainly_on(shelf.with_flow(GREETING), page, {"names": ["you", "me"]})
    assert outcome.outputs == {"x": ["Hello, you.!", "Hello, me.!"]}


def test_a_flow_is_run_in_the_version_it_had(shelf: Shelf):
    older = GREETING.replace("Hello", "Hi")
    shelf = shelf.with_flow(older, "v1").with_flow(GREETING, "v2")
    steps = {"a": {"flow": "greeting@v1", "name": "n"}, "b": {"flow": "greeting", "name": "n"}}
    page = {"workflow": "caller", "steps": steps, "outputs": {"x": "$a.line", "y": "$b.line"}}
    assert plainly_on(shelf, page, {}).outputs == {"x": "Hi, n!", "y": "Hello, n!"}


def test_a_failure_inside_a_flow_names_the_step_that_ran_it(shelf: Shelf):
    page = {
        "workflow": "caller",
        "steps": {"a": {"for_each": ["p", "bad"], "flow": "greeting", "name": "$item"}},
        "outputs": {"x": "$a.line"},
    }
    script = Script(rules=(breaks("bad"),))
    failure = plainly_on(shelf.with_flow(GREETING), page, {}, script).failure
    assert failure is not None
    assert (failure.place.step, failure.place.positions) == ("a", (1,))


PAIRS = """
module: pairs
inputs:
  left: string[]
  sep: {type: string, default: "-"}
  prompt: {type: prompt, names: {pair: string}}
steps:
  all: {for_each: $inputs.left, use: text, template: "{{ item }}{{ inputs.sep }}{{ position }}"}
  said: {for_each: $all.text, use: llm, prompt: $inputs.prompt, names: {pair: $item}}
outputs: {pairs: $all.text, said: $said.text}
"""


def test_a_module_sees_only_what_it_is_given_and_its_defaults(shelf: Shelf):
    page = {
        "workflow": "caller",
        "steps": {
            "a": {
                "for_each": [["p"], ["q", "r"]],
                "use": "pairs", "left": "$item", "prompt": "{{ position }} {{ pair }}",
            }
        },
        "outputs": {"x": "$a.pairs"},
    }  # fmt: skip
    outcome = plainly_on(shelf.with_module(PAIRS), page, {})
    assert outcome.outputs == {"x": [["p-0"], ["q-0", "r-1"]]}
    prompts = [call.params["prompt"] for call in outcome.calls if call.op == "prefill"]
    assert prompts == ["0 p-0", "1 q-0", "1 r-1"]


def test_a_failure_inside_a_module_names_the_authors_step_and_element(shelf: Shelf):
    page = {
        "workflow": "caller",
        "steps": {
            "a": {
                "for_each": [["p"], ["q", "bad"]],
                "use": "pairs", "left": "$item", "prompt": "{{ pair }}",
            }
        },
        "outputs": {"x": "$a.pairs"},
    }  # fmt: skip
    script = Script(rules=(breaks("bad"),))
    failure = plainly_on(shelf.with_module(PAIRS), page, {}, script).failure
    assert failure is not None
    assert (failure.place.step, failure.place.positions) == ("a", (1,))
