"""What a step does besides its body: read into the model, and into the types of its fields."""

import pytest

from spec.durations import milliseconds
from spec.load import load
from spec.model import Control, Document, Fold, ForEach, Reduce
from spec.problems import SpecError
from spec.source import Source
from spec.values import Literal, Member, Name, ObjectOf
from spec.vocabulary import Vocabulary

INPUTS = "{docs: 'doc[]', texts: 'string[]', rows: any, long: boolean, hint: 'string?'}"


def source_of(step: str) -> Source:
    page = f"workflow: one\ninputs: {INPUTS}\nsteps:\n  s: {{{step}}}\noutputs: {{x: $s}}\n"
    return Source("one.yaml", page.encode(), "yaml")


def loaded(step: str, vocabulary: Vocabulary) -> Document:
    return load(source_of(step), vocabulary)


def control(step: str, vocabulary: Vocabulary) -> Control:
    return loaded(step, vocabulary).steps[0].control


def code(step: str, vocabulary: Vocabulary) -> str:
    with pytest.raises(SpecError) as refused:
        loaded(step, vocabulary)
    (problem,) = refused.value.problems
    return problem.code


TEXT = "use: text, template: x"


@pytest.mark.parametrize(
    ("step", "type"),
    [
        (TEXT, "string"),
        (f"{TEXT}, if: $inputs.long", "string?"),
        (f"{TEXT}, if: $inputs.long, else: {{text: y}}", "string"),
        (f"{TEXT}, if: $inputs.long, else: {{text: $inputs.hint}}", "string?"),
        (f"{TEXT}, fallback: {{text: y}}", "string"),
        (f"{TEXT}, fallback: {{}}", "string?"),
        (f"{TEXT}, for_each: $inputs.docs", "string[]"),
        (f"{TEXT}, for_each: $inputs.docs, if: $inputs.long", "string[]?"),
        (f"{TEXT}, for_each: $inputs.docs, if: $position > 1", "string?[]"),
        (f"{TEXT}, for_each: $inputs.docs, if: $position > 1, else: {{text: y}}", "string[]"),
        (f"{TEXT}, for_each: $inputs.docs, on_error: drop", "string[]"),
        (f"{TEXT}, for_each: $inputs.docs, on_error: null", "string?[]"),
        (f"{TEXT}, for_each: $inputs.docs, fallback: {{text: null}}", "string?[]"),
        ("use: value, value: $item, for_each: $inputs.docs", "doc[]"),
        ("use: value, value: $item.title, for_each: $inputs.docs", "string?[]"),
        ("use: value, value: $item, for_each: $inputs.rows", "any[]"),
        ("use: value, value: '$[item]', for_each: $inputs.docs", "doc[][]"),
        ("use: value, value: '$[item]', for_each: $inputs.docs, collect: value", "doc[]"),
        (f"{TEXT}, fold: $inputs.docs, start: ''", "string"),
        (f"{TEXT}, fold: $inputs.docs, start: '', if: $acc != 'x'", "string"),
        (f"{TEXT}, fold: $inputs.docs, start: '', if: $inputs.long", "string?"),
        (f"{TEXT}, fold: $inputs.docs, start: '', fallback: {{}}", "string?"),
        ("use: value, value: $item.title, fold: $inputs.docs, start: ''", "string?"),
        (f"{TEXT}, fold: $inputs.docs, start: null", "any"),
        ("use: value, value: '$acc + [item]', fold: $inputs.docs, start: []", "any[]"),
        (f"{TEXT}, reduce: $inputs.texts", "string"),
        (f"{TEXT}, reduce: $inputs.texts, start: null", "string?"),
        ("use: value, value: '$items[0]', reduce: $inputs.docs", "doc"),
    ],
)
def test_what_a_step_gives_follows_from_its_control_keys(
    step: str, type: str, vocabulary: Vocabulary
):
    assert str(loaded(step, vocabulary).outputs[0].type) == type


def test_an_element_whose_condition_held_is_known_not_to_be_null(vocabulary: Vocabulary):
    step = "for_each: $inputs.docs, use: text, template: '{{ item.url }}'"
    assert code(step, vocabulary) == "may-be-null"
    assert loaded(f"{step}, if: $item.url != null", vocabulary).steps
    assert code(f"{step}, if: $item.url != null or item.title != null", vocabulary) == "may-be-null"
    assert code(f"{step}, if: $item.title != null", vocabulary) == "may-be-null"


def test_each_term_of_a_condition_guards_those_to_its_right(vocabulary: Vocabulary):
    hint, longer = "inputs.hint != null", "len(inputs.hint) > 3"
    assert loaded(f"{TEXT}, if: '${hint} and {longer}'", vocabulary).steps
    assert code(f"{TEXT}, if: '${longer} and {hint}'", vocabulary) == "may-be-null"
    assert code(f"{TEXT}, if: '${hint} or {longer}'", vocabulary) == "may-be-null"
    assert code(f"use: value, value: '${hint} and {longer}'", vocabulary) == "may-be-null"
    url, title = "item.url != null", "item.title != null"
    condition = f"'${url} and {title} and len(item.url + item.title) > 3'"
    assert loaded(f"{TEXT}, for_each: $inputs.docs, if: {condition}", vocabulary).steps


def test_a_condition_about_other_elements_guards_nothing(vocabulary: Vocabulary):
    page = """
workflow: two
inputs: {docs: "doc[]", texts: "string[]"}
steps:
  a: {for_each: $inputs.docs, if: $position > 1, use: text, template: x}
  b: {for_each: $inputs.texts, if: $position > 1, use: stuff, docs: [], prompt: "$first(a.text)"}
outputs: {x: $b}
"""
    with pytest.raises(SpecError) as refused:
        load(Source("two.yaml", page.encode(), "yaml"), vocabulary)
    assert [problem.code for problem in refused.value.problems] == ["may-be-null"]


def test_a_condition_that_is_wrong_makes_nobody_else_wrong(vocabulary: Vocabulary):
    step = "if: $inputs.hnit != null, use: text, template: '{{ inputs.hint }}'"
    with pytest.raises(SpecError) as refused:
        loaded(step, vocabulary)
    assert "unknown-reference" in {problem.code for problem in refused.value.problems}


def test_control_keys_stand_in_the_model_with_every_name_written_out(vocabulary: Vocabulary):
    step = (
        "for_each: $inputs.docs, if: $item.url != null, else: {text: y}, max_parallel: 2, "
        f"on_error: null, retry: 2, timeout: 3s, cache: 1h, fallback: {{text: $item.text}}, {TEXT}"
    )
    found = control(step, vocabulary)
    assert found.over == ForEach(Member(Name("inputs"), "docs"), 2, "null", None)
    assert (found.retry, found.timeout_ms, found.cache_ms) == (2, 3_000, 3_600_000)
    assert found.otherwise == ObjectOf((("text", Literal("y")),))
    assert found.fallback == ObjectOf((("text", Member(Name("item"), "text")),))
    assert found.places["if"].pointer == "/steps/s/if"
    assert found.places["if"].line == 4


def test_a_fold_and_a_reduce_stand_in_the_model(vocabulary: Vocabulary):
    texts = Member(Name("inputs"), "texts")
    fold = control(f"fold: $inputs.texts, start: '', {TEXT}", vocabulary)
    assert fold.over == Fold(texts, Literal(""))
    reduce = control(f"reduce: $inputs.texts, {TEXT}", vocabulary)
    assert reduce.over == Reduce(texts, Literal(2), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1ms", 1), ("3s", 3_000), ("2m", 120_000), ("1h", 3_600_000), ("7d", 604_800_000),
        ("3", None), ("s", None), ("3 s", None), ("-3s", None), ("0s", None), ("1e3s", None),
        ("999999999999999d", None), ("9" * 5_000 + "s", None), ("٣s", None),
    ],
)  # fmt: skip
def test_a_duration_is_an_integer_and_a_unit(text: str, expected: int | None):
    assert milliseconds(text) == expected


def test_lists_that_want_joining_are_told_how(vocabulary: Vocabulary):
    page = """\
workflow: one
inputs: {docs: "doc[]", texts: "string[]"}
steps:
  index: {use: index, chunks: $inputs.docs}
  hits: {for_each: $inputs.texts, use: search, index: $index, query: $item}
  best: {use: stuff, docs: $hits.docs, prompt: "{{ docs | numbered }}"}
outputs: {x: $best}
"""
    with pytest.raises(SpecError) as refused:
        load(Source("one.yaml", page.encode(), "yaml"), vocabulary)
    (problem,) = refused.value.problems
    assert problem.detail == "`stuff.docs` wants `doc[]`, and this is `doc[][]`"
    assert problem.hint == "collect: docs"
    joined = page.replace("query: $item}", "query: $item, collect: docs}")
    assert load(Source("one.yaml", joined.encode(), "yaml"), vocabulary).outputs


@pytest.mark.parametrize(
    "step",
    [
        "for_each: $kept.index, use: search, index: $item, query: q",
        "fold: $kept.index, start: '', use: text, template: x",
        "reduce: $kept.index, use: text, template: x",
        "for_each: $inputs.texts, collect: all, steps: {t: {use: text, template: x}}, "
        "outputs: {all: $kept.index}",
    ],
)
def test_indexes_are_handed_on_and_never_gone_over(step: str, vocabulary: Vocabulary):
    page = f"""\
workflow: one
inputs: {{texts: "string[]"}}
steps:
  kept: {{for_each: $inputs.texts, use: index, name: $item}}
  s: {{{step}}}
outputs: {{x: done}}
"""
    with pytest.raises(SpecError) as refused:
        load(Source("one.yaml", page.encode(), "yaml"), vocabulary)
    assert {problem.code for problem in refused.value.problems} == {"wrong-type"}


MODULE = """\
module: tree
inputs: {{texts: "string[]", width: {width}}}
steps: {{s: {{reduce: $inputs.texts, fan_in: {fan_in}, use: text, template: "{{{{ items | numbered }}}}"}}}}
outputs: {{x: $s}}
"""  # noqa: E501  # a page as its author would write it


@pytest.mark.parametrize(
    ("width", "fan_in", "expected"),
    [
        ("integer", "$inputs.width", []),
        ("string", "$inputs.width", ["wrong-type"]),
        ('"integer?"', "$inputs.width", ["may-be-null"]),
        ("integer", "$inputs.wide", ["unknown-reference"]),
        ("integer", "many", ["wrong-type"]),
        ("integer", "1", ["bad-value"]),
    ],
)
def test_a_module_may_hand_on_how_wide_its_tree_is(
    width: str, fan_in: str, expected: list[str], module_vocabulary: Vocabulary
):
    page = MODULE.format(width=width, fan_in=fan_in).encode()
    found: list[str] = []
    try:
        document = load(Source("tree.yaml", page, "yaml"), module_vocabulary)
        assert isinstance(document.steps[0].control.over, Reduce)
        assert document.steps[0].control.over.fan_in == Member(Name("inputs"), "width")
    except SpecError as error:
        found = [problem.code for problem in error.problems]
    assert found == expected


def test_a_workflow_says_itself_how_wide_a_tree_is(vocabulary: Vocabulary):
    assert code(f"reduce: $inputs.texts, fan_in: $inputs.long, {TEXT}", vocabulary) == "wrong-type"
