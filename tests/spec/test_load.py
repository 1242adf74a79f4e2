"""A checked document is what its page says, or every problem it has."""

import gc
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.limits import EXPRESSION_WORDS_MAX
from spec.load import collection_put_off, content_hash, load, read
from spec.model import Document, Op, Use
from spec.problems import SpecError
from spec.source import Source
from spec.values import ListOf, Literal, Member, Name, ObjectOf
from spec.vocabulary import Signature, Vocabulary

YAML = """
workflow: small
inputs: {question: string}
steps:
  b: {use: text, template: "{{ a }}"}
  a: {use: text, template: "{{ inputs.question }}", after: [], priority: 3, engine: large}
outputs: {x: $a, y: [$b.text, 1]}
stream: [x]
plan: {off: [split_prefill], on: [speculate]}
"""


def loaded(text: str, vocabulary: Vocabulary, media="yaml") -> Document:
    return load(Source("small.yaml", text.encode(), media), vocabulary)


def test_a_document_keeps_the_order_of_the_file(vocabulary: Vocabulary):
    document = loaded(YAML, vocabulary)
    assert (document.kind, document.name) == ("workflow", "small")
    assert [step.id for step in document.steps] == ["b", "a"]
    assert [output.id for output in document.outputs] == ["x", "y"]
    assert document.stream == ("x",)
    assert (document.passes_off, document.passes_on) == (("split_prefill",), ("speculate",))
    assert (document.steps[1].priority, document.steps[1].engine) == (3, "large")
    assert document.steps[0].body == Use("text")


def test_a_step_named_alone_is_written_out_as_its_field(vocabulary: Vocabulary):
    document = loaded(YAML, vocabulary)
    assert document.outputs[0].value == Member(Name("a"), "text")
    assert document.outputs[1].value == ListOf((Member(Name("b"), "text"), Literal(1)))


def test_all_inputs_together_are_written_out(vocabulary: Vocabulary):
    text = YAML.replace("[$b.text, 1]", "$inputs")
    question = Member(Name("inputs"), "question")
    assert loaded(text, vocabulary).outputs[1].value == ObjectOf((("question", question),))


def test_all_inputs_are_written_out_once_for_all_who_name_them(vocabulary: Vocabulary):
    text = YAML.replace("[$b.text, 1]", "[$inputs, $inputs]")
    first, second = loaded(text, vocabulary).outputs[1].value.items
    assert first is second


def test_every_part_keeps_its_place(vocabulary: Vocabulary):
    step = loaded(YAML, vocabulary).steps[1]
    assert (step.origin.source, step.origin.pointer) == ("small.yaml", "/steps/a")
    assert (step.origin.line, step.origin.column) == (6, 3)
    assert (step.parameters[0].origin.line, step.parameters[0].origin.column) == (6, 18)


def test_the_same_tree_as_json_is_the_same_document(vocabulary: Vocabulary):
    tree = read(Source("small.yaml", YAML.encode(), "yaml"))
    document = loaded(json.dumps(tree.value), vocabulary, "json")
    assert document.version == loaded(YAML, vocabulary).version
    assert (
        document.steps[0].parameters[0].value
        == loaded(YAML, vocabulary).steps[0].parameters[0].value
    )


def test_the_version_is_of_the_content_with_its_order():
    assert content_hash({"a": 1, "b": 2}) != content_hash({"b": 2, "a": 1})
    assert len(content_hash({})) == 16


def test_a_module_is_made_of_primitives(module_vocabulary: Vocabulary, vocabulary: Vocabulary):
    text = "module: m\nsteps: {v: {op: embed, texts: [a]}}\noutputs: {v: $v}\n"
    document = loaded(text, module_vocabulary)
    assert document.steps[0].body == Op("embed")
    assert str(document.outputs[0].type) == "vector[]"
    with pytest.raises(SpecError):
        loaded(text.replace("module:", "workflow:"), vocabulary)


def test_a_signature_is_what_a_module_takes_and_gives(vocabulary: Vocabulary):
    search = vocabulary.modules["search"]
    assert isinstance(search, Signature)
    assert {id: str(input.type) for id, input in search.inputs.items()} == {
        "index": "index", "query": "string", "top_k": "integer", "by": "string",
    }  # fmt: skip
    assert {id: str(type) for id, type in search.outputs.items()} == {"docs": "doc[]"}
    assert "docs" in vocabulary.modules["stuff"].inputs["prompt"].names


def test_a_value_step_hands_on_the_type_of_what_it_was_given(vocabulary: Vocabulary):
    links = [f"  s{n}: {{use: value, value: $s{n + 1}}}" for n in range(600)]
    text = "workflow: chain\nsteps:\n" + "\n".join(links)
    text += '\n  s600: {use: value, value: [1, 2.5]}\noutputs: {x: $s0, y: "$s0.value[0]"}\n'
    outputs = loaded(text, vocabulary).outputs
    assert [str(output.type) for output in outputs] == ["number[]", "number"]


#: How many words expressions have that have as many together as a page may hold.
FULL = (*[4_001] * 37, 1_963)


def of_words(counts: Iterable[int], more: str) -> str:
    """Return a page of lists that have so many words each, an odd number, and `more` steps."""
    lists = (f"'$[{','.join('1' * (count // 2))}]'" for count in counts)
    steps = "".join(f"  s{n}: {{use: value, value: {each}}}\n" for n, each in enumerate(lists))
    return f"workflow: wordy\ninputs: {{q: string}}\nsteps:\n{steps}{more}outputs: {{x: 1}}\n"


@pytest.mark.parametrize(
    ("counts", "more"),
    [
        (FULL, ""),
        ((*FULL[1:], 3_995), '  t: {use: text, template: "{{ inputs.q }}"}\n'),
        ((*FULL[1:], 3_993), '  t: {use: text, template: "{{ inputs.q | json }}"}\n'),
    ],
    ids=["expressions", "a slot", "a formatter"],
)
def test_a_page_may_have_as_many_words_as_the_limit_says(
    counts: tuple[int, ...], more: str, vocabulary: Vocabulary
):
    assert sum(FULL) == EXPRESSION_WORDS_MAX
    assert loaded(of_words(counts, more), vocabulary).steps


@pytest.mark.parametrize(
    ("counts", "more"),
    [
        (FULL, "  t: {use: value, value: $inputs}\n"),
        ((*FULL[1:], 3_997), '  t: {use: value, value: "{{ inputs.q }}"}\n'),
        ((*FULL[1:], 3_995), '  t: {use: value, value: "{{ inputs.q | json }}"}\n'),
    ],
    ids=["expressions", "a slot", "a formatter"],
)
def test_the_value_that_passes_the_limit_of_words_is_named_and_nothing_else_looked_at(
    counts: tuple[int, ...], more: str, vocabulary: Vocabulary
):
    with pytest.raises(SpecError) as refused:
        loaded(of_words(counts, more + "  u: {use: nothing}\n"), vocabulary)
    (problem,) = refused.value.problems
    assert (problem.code, problem.pointer) == ("too-large", "/steps/t/value")
    assert "(`expression_words_max`)" in problem.detail


def test_a_page_full_of_mistakes_is_answered_in_bounded_work(vocabulary: Vocabulary):
    steps = [f"  s{n}: {{use: txet, template: '{{{{ t{n} }}}}', engine: e}}" for n in range(5_000)]
    text = "workflow: many\nsteps:\n" + "\n".join(steps) + "\noutputs: {x: 1}\n"
    with pytest.raises(SpecError) as error:
        loaded(text, vocabulary)
    assert error.value.more


@given(st.data())
def test_a_page_changed_anywhere_is_checked_or_refused(vocabulary: Vocabulary, data: st.DataObject):
    words = re.findall(r"\w+|\s+|.", YAML)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(words) - 1))
        words[place] = data.draw(st.sampled_from(words) | st.just(""))
    with suppress(SpecError):
        assert loaded("".join(words), vocabulary).steps


def test_the_schema_validator_is_loaded_only_when_a_schema_is_there():
    script = "import sys, spec; sys.exit('jsonschema_rs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.fixture(params=[True, False], ids=["on", "off"])
def collecting(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Have the collector on, or off, and afterwards as it was."""
    was_on = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if was_on else gc.disable)()


def test_after_loads_in_many_threads_the_collector_is_as_it_was(
    collecting: bool, vocabulary: Vocabulary
):
    with ThreadPoolExecutor(8) as threads:
        pages = [YAML, "{", YAML.replace("a:", "a1:")] * 40
        loads = [threads.submit(loaded, text, vocabulary) for text in pages]
    assert sum(load.exception() is None for load in loads) == 40
    assert gc.isenabled() is collecting


def test_a_load_that_ends_just_as_another_begins_leaves_the_collector_as_it_was(
    collecting: bool, monkeypatch: pytest.MonkeyPatch
):
    is_enabled = gc.isenabled
    earlier = ExitStack()
    earlier.enter_context(collection_put_off())

    def look_while_the_earlier_one_ends() -> bool:
        seen = is_enabled()
        earlier.close()
        return seen

    monkeypatch.setattr(gc, "isenabled", look_while_the_earlier_one_ends)
    with collection_put_off():
        pass
    assert is_enabled() is collecting
