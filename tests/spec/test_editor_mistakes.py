"""The clear mistakes: whatever an editor can see is refused by its schema as the checker does."""

from typing import Any

import pytest

from spec.editor_schema import editor_schema
from spec.vocabulary import Vocabulary
from tests.spec.editor_pages import checked, refused, tree, whole, with_step

#: What is wrong in a document that is right but for that: in its steps, or anywhere.
WRONG_STEPS = {
    "an unknown input": "{use: text, template: x, templat: x}",
    "an unknown key in a block": "{steps: {b: {use: text, template: x}}, outputs: {x: 1}, size: 1}",
    "an input that is missing": "{use: text}",
    "a string for an integer": "{use: chunk, text: x, size: '256'}",
    "text with slots for an integer": "{use: chunk, text: x, size: '{{ inputs.n }}'}",
    "a number below the minimum": "{use: chunk, text: x, size: 0}",
    "a number for a string": "{use: text, template: 3}",
    "null for a string": "{use: text, template: null}",
    "a value that is not in the enum": "{use: search, index: $i, query: x, by: vectr}",
    "an index that is written down": "{use: search, index: x, query: x}",
    "an element of the wrong type": "{use: llm, prompt: x, stop: [a, 1]}",
    "a passage without its text": "{use: index, chunks: [{id: x, meta: {}}]}",
    "an unknown module": "{use: txt, template: x}",
    "an unknown pool": "{use: text, template: x, engine: huge}",
    "an unknown flow": "{flow: answr, question: x}",
    "an unknown input of a flow": "{flow: answer, question: x, query: x}",
    "two bodies": "{use: text, template: x, flow: answer}",
    "no body": "{retry: 1}",
    "no object": "text",
    "a primitive in a workflow": "{op: format, template: x}",
    "a control key without its partner": "{use: text, template: x, collect: text}",
    "outputs that are no block's": "{use: text, template: x, outputs: {a: b}}",
    "a list that is text": "{use: text, template: x, for_each: some}",
    "two ways to repeat": "{use: text, template: x, for_each: [], reduce: []}",
    "a fold without a start": "{use: text, template: x, fold: []}",
    "a field that there is not": "{use: text, template: x, fallback: {txt: x}}",
    "a field to collect that there is not": "{use: text, template: x, for_each: [], collect: x}",
    "a width that is computed": "{use: text, template: x, reduce: [], fan_in: $inputs.n}",
    "a condition that is text": "{use: text, template: x, if: some}",
    "an else that is no object": "{use: text, template: x, if: true, else: none}",
    "too many attempts": "{use: text, template: x, retry: 4}",
    "a duration without a unit": "{use: text, template: x, timeout: 3}",
    "no duration": "{use: text, template: x, cache: 0s}",
    "null in quotes": '{use: text, template: x, for_each: [], on_error: "null"}',
    "too great a priority": "{use: text, template: x, priority: 11}",
    "no list of steps": "{use: text, template: x, after: i}",
    "a block without outputs": "{steps: {b: {use: text, template: x}}}",
    "a block with no steps": "{steps: {}, outputs: {x: 1}}",
    "a mistake in a block": "{steps: {b: {use: text}}, outputs: {x: 1}}",
    "a loop with outputs": "{loop: {max: 1, start: {x: 1}, next: {x: 1}}, outputs: {x: 1}, "
    "steps: {b: {use: text, template: x}}}",
    "a loop without an end": "{loop: {start: {x: 1}, next: {x: 1}}, "
    "steps: {b: {use: text, template: x}}}",
    "an unknown key of a loop": "{loop: {max: 1, start: {x: 1}, next: {x: 1}, untl: true}, "
    "steps: {b: {use: text, template: x}}}",
    "a state that is reserved": "{loop: {max: 1, start: {done: 1}, next: {done: 1}}, "
    "steps: {b: {use: text, template: x}}}",
}
WRONG_PAGES = {
    "an unknown key": "workflow: w\nversion: 1",
    "two names": "workflow: w\nmodule: m",
    "no name": "description: x",
    "a bad name": "workflow: A workflow",
    "a description that is no text": "workflow: w\ndescription: [x]",
    "a stream of a module": "module: m\nstream: [x]",
    "a plan of a module": "module: m\nplan: {off: []}",
    "an unknown pass": "workflow: w\nplan: {off: [nothing]}",
    "an unknown key of plan": "workflow: w\nplan: {of: []}",
    "no list of outputs": "workflow: w\nstream: x",
    "an input called like a control key": "workflow: w\ninputs: {retry: integer}",
    "a list that may hold null": 'workflow: w\ninputs: {q: "doc?[]"}',
    "an input with a bad id": "workflow: w\ninputs: {Words: string}",
    "an unknown type word": "workflow: w\ninputs: {q: strin}",
    "a word for modules in a workflow": "workflow: w\ninputs: {q: prompt}",
    "an unknown keyword": "workflow: w\ninputs: {q: {type: integer, minimun: 1}}",
    "a keyword of the wrong type": "workflow: w\ninputs: {q: {type: integer, minimum: x}}",
    "an unknown primitive": "module: m\nsteps: {x: {op: formt, template: x}}",
    "an unknown input of a primitive": "module: m\nsteps: {x: {op: format, template: x, y: 1}}",
    "a step with a bad id": "workflow: w\nsteps: {A-b: {use: text, template: x}}",
    "a step with a reserved id": "workflow: w\nsteps: {item: {use: text, template: x}}",
    "a step with too long an id": f"workflow: w\nsteps: {{{'a' * 65}: {{use: text, template: x}}}}",
    "no steps": "workflow: w\nsteps: {}",
    "no outputs": "workflow: w\noutputs: {}",
    "an output with a bad id": "workflow: w\noutputs: {1x: 1}",
}


@pytest.fixture(scope="module")
def schema(module_vocabulary: Vocabulary) -> dict[str, Any]:
    return editor_schema(module_vocabulary)


def test_the_pages_that_mistakes_are_made_on_are_right(schema, module_vocabulary):
    for page in (
        with_step("{use: text, template: x}"),
        whole("workflow: w"),
        whole("module: m\nsteps: {x: {op: format, template: x}}"),
    ):
        assert checked(page, module_vocabulary)
        assert refused(schema, tree(page)) == []


@pytest.mark.parametrize("step", WRONG_STEPS.values(), ids=WRONG_STEPS)
def test_a_mistake_in_a_step_is_refused_as_the_checker_does(step, schema, module_vocabulary):
    page = with_step(step)
    assert checked(page, module_vocabulary) is None
    assert refused(schema, tree(page))


@pytest.mark.parametrize("page", WRONG_PAGES.values(), ids=WRONG_PAGES)
def test_a_mistake_around_the_steps_is_refused_as_the_checker_does(page, schema, module_vocabulary):
    assert checked(whole(page), module_vocabulary) is None
    assert refused(schema, tree(whole(page)))
