"""Advice on valid workflows: what wastes time is told, where it stands, and nothing else is."""

from pathlib import Path

import pytest

from planner.expand import make_plan
from planner.lints import CURES, lints
from planner.pools import PoolFacts, Pools
from spec.load import load
from spec.source import Source

EXAMPLES = sorted((Path(__file__).parents[2] / "workflows/examples").glob("*.yaml"))
LONG = "Answer in one short and friendly sentence. " * 10


@pytest.fixture
def told(registry, pools, read):
    def of(page):
        document = load(read(page), registry.vocabulary())
        plan = make_plan(document, registry.modules, pools)
        return [(each.code, each.origin.pointer, each.detail) for each in lints(document, plan)]

    return of


def page(step, inputs="{question: string, words: 'string[]', docs: 'doc[]'}", output="$a.text"):
    return f"workflow: w\ninputs: {inputs}\nsteps:\n  {step}\noutputs: {{o: {output}}}\n"


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_nothing_is_said_of_the_examples(file, registry):
    kinds = {kind: kind for kind in (*registry.engines, "tool", "http")}
    pools = Pools(kinds, kinds, {kind: PoolFacts(rows_max=32, slots=8) for kind in kinds})
    document = load(Source(file.name, file.read_bytes(), "yaml"), registry.vocabulary())
    assert lints(document, make_plan(document, registry.modules, pools)) == ()


def test_what_differs_in_front_of_what_is_always_the_same(told):
    (found,) = told(page(f'a: {{use: llm, prompt: "{{{{ inputs.question }}}} {LONG}"}}'))
    assert found[:2] == ("prompt-order", "/steps/a/prompt")
    assert "about 107 tokens after {{ inputs.question }}" in found[2]
    assert "anew in each: 8.5 ms a call" in found[2]  # by what is assumed of an engine
    assert not told(page(f'a: {{use: llm, prompt: "{LONG} {{{{ inputs.question }}}}"}}'))
    assert not told(page('a: {use: llm, prompt: "{{ inputs.question }} Be short."}'))


def test_an_element_in_front_of_what_a_step_gave(told):
    steps = (
        "b: {use: llm, prompt: 'Hello {{ inputs.question }}'}\n"
        "  a: {for_each: $inputs.words, use: llm, prompt: '{{ %s }} {{ %s }}'}"
    )
    (found,) = told(page(steps % ("item", "b.text")))
    assert found[:2] == ("prompt-order", "/steps/a/prompt")
    assert not told(page(steps % ("b.text", "item")))


@pytest.mark.parametrize(
    ("step", "output", "words"),
    [
        ("{for_each: $inputs.docs, use: index, chunks: [$item]}", "1", "takes a list"),
        (
            "{for_each: $inputs.docs, use: rerank, query: $inputs.question, docs: [$item]}",
            "$a.docs",
            "takes a list",
        ),
        (
            "{for_each: $inputs.words, use: llm, prompt: 'Say {{ inputs.question }}'}",
            "$a.text",
            "the same for each element",
        ),
    ],
)
def test_an_element_at_a_time_where_one_call_would_do(told, step, output, words):
    after = "" if output != "1" else ", after: [a]"
    steps = f"a: {step}\n  z: {{use: value, value: 1{after}}}"
    found = told(page(steps, output=f"[{output}, $z.value]" if output != "1" else "$z.value"))
    assert [each[:2] for each in found] == [("tiny-calls", "/steps/a")]
    assert words in found[0][2]


def test_calls_that_differ_by_element_or_by_chance_are_no_waste(told):
    differs = "{for_each: $inputs.words, use: llm, prompt: 'Say {{ item }}'}"
    chance = "{for_each: $inputs.words, use: llm, prompt: Say it, temperature: 1}"
    several = "{for_each: $inputs.words, use: rerank, query: $item, docs: $inputs.docs}"
    assert not told(page(f"a: {differs}"))
    assert not told(page(f"a: {chance}"))
    assert not told(page(f"a: {several}", output="$a.docs"))


def test_a_step_that_nobody_reads_and_that_does_nothing_else(told):
    steps = "a: {use: llm, prompt: $inputs.question}\n  b: {use: llm, prompt: Say it%s}"
    (found,) = told(page(steps % ""))
    assert found == (
        "unread-step", "/steps/b", "nobody reads what `b` gives, and it does nothing else",
    )  # fmt: skip
    waited = "b: {use: llm, prompt: Say it}\n  a: {use: llm, prompt: Say, after: [b]}"
    assert not told(page(waited))
    stored = "a: {use: value, value: 1}\n  b: {use: index, chunks: $inputs.docs, name: kept}"
    assert not told(page(stored, output="$a.value"))


def test_the_pool_that_keeps_a_run_longest(registry, read):
    kinds = {kind: kind for kind in registry.engines}
    calls = "\n".join(f"  s{n}: {{use: llm, prompt: Say {n}}}" for n in range(60))
    outputs = ", ".join(f"o{n}: $s{n}.text" for n in range(60))
    text = f"workflow: w\nsteps:\n{calls}\noutputs: {{{outputs}}}\n"
    document = load(read(text), registry.vocabulary())
    for slots, codes in ((1, ["bottleneck"]), (64, [])):
        facts = PoolFacts(replicas=1 if slots == 1 else 64, rows_max=1, slots=slots)
        plan = make_plan(document, registry.modules, Pools(kinds, kinds, {"llm": facts}))
        assert [each.code for each in lints(document, plan)] == codes


def test_the_step_that_asks_most_of_that_pool(registry):
    kinds = {kind: kind for kind in registry.engines}
    (file,) = [file for file in EXAMPLES if file.stem == "contextual_retrieval"]
    document = load(Source(file.name, file.read_bytes(), "yaml"), registry.vocabulary())
    plan = make_plan(document, registry.modules, Pools(kinds, kinds))  # one call at a time
    (found,) = lints(document, plan)
    assert (found.code, found.origin.pointer) == ("bottleneck", "/steps/situated")


def test_every_advice_has_a_cure(told):
    assert set(CURES) == {"prompt-order", "tiny-calls", "unread-step", "bottleneck"}
