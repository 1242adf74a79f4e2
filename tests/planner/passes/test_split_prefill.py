"""split_prefill: where prompts are cut, in plans and in what is opened of them."""

import re
from dataclasses import replace

import pytest

from planner.draft import Draft
from planner.expand import make_plan
from planner.graph import Graph, Output, PoolName, PrimitiveId, RunInput
from planner.library import Library
from planner.passes.names import DEFAULT, NONE, PREFILL
from planner.passes.split_prefill import split_prefill
from planner.pools import PoolFacts, Pools
from planner.structure import Child, Shape
from planner.unfold import open_child
from planner.verify import verify
from spec.load import load
from spec.values import ListOf, Literal, Slot, Text
from tests.planner.conftest import KINDS, MODULES, POOLS

EXAMPLES = MODULES.parent / "examples"
FACTS = {PoolName("llm"): PoolFacts(warms=True)}
WARM = Pools(POOLS.kinds, POOLS.default, FACTS)
LONG = "Answer from the passages alone, and say so where they do not hold the answer. " * 4


@pytest.fixture
def plan(registry, read):
    def build(page, passes=DEFAULT, pools=WARM):
        document = load(read(page), registry.vocabulary())
        return make_plan(document, registry.modules, pools, passes=passes)

    return build


def cuts(primitives):
    """Return of each hint what it is for, what it waits for, and what it reads, as text."""
    return {
        each.id: (each.warms, sorted(each.waits_for()), *shown(each.params))
        for each in primitives
        if each.warms is not None
    }


def shown(params):
    """Write the values of a prompt as an author might."""
    return [
        f"{port}: {text(params[port])}"
        for port in ("system", "messages", "prompt")
        if params[port] not in (Literal(None), Literal([]))
    ]


def text(value):
    match value:
        case Text(segments):
            return "".join(each if isinstance(each, str) else text(each) for each in segments)
        case Slot(of, formatters):
            return "{{" + " | ".join([text(of), *(each.name for each in formatters)]) + "}}"
        case ListOf(items):
            return "[" + ", ".join(map(text, items)) + "]"
        case RunInput(id):
            return f"inputs.{id}"
        case Output(id, port):
            return f"{id}.{port}"
        case Literal(known):
            return repr(known)
    return f"{text(value.of)}.{value.key}" if hasattr(value, "of") else repr(value)


GOLDEN = {
    "advanced_rag": {
        "answer.answer:fold:begin": (
            "answer.answer:fold", [], "prompt: Question: {{inputs.question}}\nPassage: ",
        ),
    },
    "contextual_retrieval": {
        "answer.prefill:begin": (
            "answer.prefill", [],
            "prompt: Answer from the passages only. Say so if they do not hold the answer.\n\n"
            "Question: {{inputs.question}}\n\n",
        ),
    },
    "search_and_generate": {
        "judge.prefill:begin": (
            "judge.prefill", [], "prompt: Question: {{inputs.question}}\nDraft: ",
        ),
    },
    "naive_rag": {},
    "chat_with_memory": {},
    "map_reduce_summary": {},
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_the_prompts_of_the_examples_are_cut_where_readiness_changes(plan, name):
    assert cuts(plan((EXAMPLES / f"{name}.yaml").read_text()).graph) == GOLDEN[name]


def test_of_a_refined_answer_each_passage_is_read_before_the_draft(plan):
    """The paper's figure 6: refine prefills wait for the passages alone."""
    made = plan((EXAMPLES / "advanced_rag.yaml").read_text())
    fold = made.structures[PrimitiveId("answer.answer:fold")]
    known = "Question: {{inputs.question}}\nPassage: {{answer.answer:fold.items.%d.text}}\n"
    for index in range(3):
        delta = open_child(fold, Child(index), Shape(count=3), made.library, {})
        hint = (
            f"answer.answer[{index}].prefill",
            ["answer.answer:fold"],
            f"prompt: {known % index}Earlier answer: ",
        )
        found = cuts(delta.primitives)
        assert found == ({f"answer.answer[{index}].prefill:begin": hint} if index else {})
        assert [unit.warms for unit in delta.units if unit.warms] == [hint[0]] * bool(index)


HEAD = "workflow: w\ninputs: {q: string, docs: 'doc[]'}\nsteps:\n"
FOUND = """\
  found: {use: web_search, query: $inputs.q}
  more: {use: web_search, query: "$found.docs[0].text"}
"""


def page(step, outputs="{x: $s.text}", before=FOUND):
    return f"{HEAD}{before}  s: {step}\noutputs: {outputs}\n"


def test_a_prompt_is_cut_as_often_as_readiness_changes(plan):
    prompt = f"{LONG}{{{{ found.docs | numbered }}}} {LONG}{{{{ more.docs | numbered }}}} So?"
    found = cuts(plan(page(f'{{use: llm, prompt: "{prompt}"}}')).graph)
    assert [(id, waits) for id, (_, waits, _) in found.items()] == [
        ("s.prefill:begin", []), ("s.prefill:begin.1", ["found.found"]),
    ]  # fmt: skip
    assert found["s.prefill:begin.1"][2] == (
        f"prompt: {LONG}{{{{found.found.docs | numbered}}}} {LONG}"
    )


@pytest.mark.parametrize(
    ("step", "reads"),
    [
        (f'{{use: llm, system: "{LONG}", prompt: "$found.docs[0].text"}}',
         [f"system: {LONG}", "prompt: ''"]),
        (f'{{use: llm, system: "{LONG}{{{{ found.docs | numbered }}}}", prompt: $inputs.q}}',
         [f"system: {LONG}"]),
        (f'{{use: llm.chat, messages: [{{role: user, content: "{LONG}"}}], '
         'user: "{{ found.docs | numbered }}"}',
         [f"messages: [{{'role': 'user', 'content': {LONG!r}}}]", "prompt: ''"]),
    ],
    ids=["a system", "within a system", "messages"],
)  # fmt: skip
def test_what_is_read_first_is_cut_first(plan, step, reads):
    (found,) = cuts(plan(page(step)).graph).values()
    waits, *said = found[1:]
    assert waits == []
    if step.startswith("{use: llm.chat"):
        assert said[-1] == reads[-1]
        assert LONG[:40] in said[0]
    else:
        assert said == reads


@pytest.mark.parametrize(
    "step",
    [
        '{use: llm, prompt: "Short: {{ found.docs | numbered }}"}',
        f'{{use: llm, prompt: "{{{{ found.docs | numbered }}}}{LONG}"}}',
        f'{{use: llm, prompt: "{LONG}{{{{ inputs.q }}}}"}}',
        f'{{if: "$found.docs == []", use: llm, prompt: "{LONG}{{{{ inputs.q }}}}", '
        "else: {text: none}}",
        f'{{cache: 1h, use: llm, prompt: "{LONG}{{{{ found.docs | numbered }}}}"}}',
        f'{{for_each: $found.docs, if: $position > 0, use: llm, prompt: "{LONG}"}}',
        f'{{use: llm, engine: large, prompt: "{LONG}{{{{ found.docs | numbered }}}}"}}',
    ],
    ids=[
        "too short", "late at once", "all is known", "of a branch that may not be taken",
        "of what may be remembered", "of elements that may be passed over",
        "where an engine cannot",
    ],
)  # fmt: skip
def test_nothing_is_read_ahead(plan, step):
    assert cuts(plan(page(step)).graph) == {}


def test_what_a_call_waits_for_and_does_not_read_leaves_time_for_all_of_its_prompt(plan):
    step = f'{{use: llm, prompt: "{LONG}{{{{ inputs.q }}}}", after: [found]}}'
    ((_, waits, said),) = cuts(plan(page(step)).graph).values()
    assert (waits, said) == ([], f"prompt: {LONG}{{{{inputs.q}}}}")


def test_where_no_engine_can_or_the_pass_is_off_nothing_is_read_ahead(plan, pools):
    written = page(f'{{use: llm, prompt: "{LONG}{{{{ found.docs | numbered }}}}"}}')
    assert cuts(plan(written).graph)
    assert cuts(plan(written, pools=pools).graph) == {}
    assert cuts(plan(written, DEFAULT - {PREFILL}).graph) == {}


def test_calls_of_a_saturated_pool_have_no_hints_and_those_of_others_do(plan):
    both = (
        f'{{use: llm, prompt: "{LONG}{{{{ found.docs | numbered }}}}"}}\n'
        f'  t: {{use: llm, engine: large, prompt: "{LONG}{{{{ found.docs | numbered }}}}"}}'
    )
    kinds = {**KINDS, PoolName("large"): "llm"}
    facts = dict.fromkeys(("llm", "large"), PoolFacts(warms=True))
    made = {}
    for full in ((), ("llm",), ("large",), ("llm", "large"), ("web",)):
        pools = Pools(kinds, WARM.default, facts, frozenset(full))
        made[full] = plan(page(both, "{x: $s.text, y: $t.text}"), pools=pools)
    every = ["s.prefill:begin", "t.prefill:begin"]
    assert {full: list(cuts(each.graph)) for full, each in made.items()} == {
        (): every, ("llm",): every[1:], ("large",): every[:1], ("llm", "large"): [],
        ("web",): every,
    }  # fmt: skip
    plain = [each for each in made[()].graph if each.warms is None]
    assert list(made["llm", "large"].graph) == plain


@pytest.mark.parametrize(("full", "known"), [("llm", []), ("large", ["s:for_each:begin"])])
def test_what_elements_have_in_common_is_not_read_ahead_in_a_saturated_pool(plan, full, known):
    step = f'{{for_each: $more.docs, use: llm, prompt: "{LONG}{{{{ item.text }}}}"}}'
    facts = dict.fromkeys(("llm", "large"), PoolFacts(warms=True))
    kinds = {**KINDS, PoolName("large"): "llm"}
    made = plan(page(step), pools=Pools(kinds, WARM.default, facts, frozenset({full})))
    assert list(cuts(made.graph)) == known


def test_elements_of_a_plan_made_under_load_have_no_hints(plan):
    step = (
        "{for_each: $inputs.docs, use: llm, "
        f'prompt: "{LONG}{{{{ item.text }}}} {{{{ found.docs | numbered }}}}"}}'
    )
    made = plan(page(step), pools=replace(WARM, saturated=frozenset({"llm"})))
    (structure,) = made.structures.values()
    assert cuts(made.graph) == {}
    for index in (0, 1, 5, 700):  # opened for themselves, and by a mould
        delta = open_child(structure, Child(index), Shape(count=900), made.library, {})
        assert cuts(delta.primitives) == {}


def test_elements_that_read_what_is_done_before_they_open_have_no_hints(plan):
    step = (
        "{for_each: $more.docs, use: llm, "
        f'prompt: "{LONG}{{{{ item.text }}}}{{{{ found.docs | numbered }}}}"}}'
    )
    made = plan(page(step))
    (structure,) = made.structures.values()
    assert structure.later == frozenset()
    assert cuts(made.graph)["s:for_each:begin"][1:] == ([], f"prompt: {LONG}")
    delta = open_child(structure, Child(7), Shape(count=9), made.library, {})
    assert cuts(delta.primitives) == {}


def test_elements_that_wait_for_something_outside_are_read_before_it(plan):
    step = (
        "{for_each: $inputs.docs, use: llm, "
        f'prompt: "{LONG}{{{{ item.text }}}} {{{{ found.docs | numbered }}}}"}}'
    )
    made = plan(page(step))
    (structure,) = made.structures.values()
    assert structure.later == {"found.found"}
    for index in (0, 1, 5, 6, 700):  # opened for themselves, and by a mould
        delta = open_child(structure, Child(index), Shape(count=900), made.library, {})
        assert cuts(delta.primitives) == {
            f"s[{index}].prefill:begin": (
                f"s[{index}].prefill",
                ["s:for_each"],
                f"prompt: {LONG}{{{{s:for_each.items.{index}.text}}}} ",
            )
        }


def test_it_changes_nothing_else_and_twice_is_as_good_as_once(plan):
    for name in GOLDEN:
        written = (EXAMPLES / f"{name}.yaml").read_text()
        plain = plan(written, DEFAULT - {PREFILL})
        cut = plan(written)
        assert [each for each in cut.graph if each.warms is None] == list(plain.graph)
        assert cut.steps == plain.steps
        draft = Draft(tuple(cut.graph), tuple(cut.structures.values()), (), frozenset())
        again = split_prefill(draft, cut.library)
        assert again.primitives == draft.primitives
        verify(Graph.of(again.primitives), "twice", WARM.kinds)


def test_without_passes_nothing_is_looked_at(plan):
    written = (EXAMPLES / "advanced_rag.yaml").read_text()
    assert cuts(plan(written, NONE).graph) == {}
    library = Library({}, {}, Pools({}, {}))
    empty = Draft((), (), (), frozenset())
    assert split_prefill(empty, library) is empty


@pytest.mark.parametrize(("block_tokens", "count"), [(16, 1), (64, 0)])
def test_what_is_shorter_than_two_blocks_of_a_cache_is_not_cut_off(plan, block_tokens, count):
    """The text that is known has 78 tokens, of four characters each."""
    facts = {PoolName("llm"): PoolFacts(warms=True, block_tokens=block_tokens)}
    found = plan(LATE, pools=Pools(KINDS, WARM.default, facts))
    assert len(cuts(found.graph)) == count


LATE = f"""
workflow: w
inputs: {{question: string}}
steps:
  found: {{use: web_search, query: $inputs.question}}
  answer: {{use: llm, prompt: "{LONG}{{{{ found.docs | numbered }}}}"}}
outputs: {{x: $answer.text}}
"""


def test_a_whole_prompt_is_read_ahead_where_only_how_to_answer_comes_late(plan):
    page = LATE.replace('{{ found.docs | numbered }}"', '", max_tokens: $len(found.docs) + 1')
    (found,) = cuts(plan(page).graph).values()
    assert found == ("answer.prefill", [], f"prompt: {LONG}")


@pytest.mark.parametrize("end", ['{{ found.docs | numbered }}"', '", max_tokens: $len(found.docs)'])
@pytest.mark.parametrize(("chars", "count"), [(127, 0), (128, 1)])
def test_just_two_blocks_are_enough(plan, chars, count, end):
    facts = {PoolName("llm"): PoolFacts(warms=True, block_tokens=16)}
    step = f'{{use: llm, prompt: "{"x" * chars}{end}}}'
    found = plan(page(step), pools=Pools(KINDS, WARM.default, facts))
    assert len(cuts(found.graph)) == count


@pytest.mark.parametrize(("engine", "count"), [("llm", 1), ("large", 0)])
def test_in_a_list_only_engines_that_can_read_ahead_are_asked_to(plan, engine, count):
    prompt = f"{LONG}{{{{ item.text }}}}"
    step = f'{{for_each: $found.docs, use: llm, engine: {engine}, prompt: "{prompt}"}}'
    page = re.sub(r"answer: {use.*}", f"answer: {step}".replace("\\", ""), LATE)
    assert len(cuts(plan(page).graph)) == count


def test_what_is_read_ahead_of_a_list_belongs_where_that_is_opened(plan):
    prompt = f"{LONG}{{{{ item.text }}}}"
    step = f'{{for_each: $found.docs, retry: 1, use: llm, prompt: "{prompt}"}}'
    found = plan(page(step)).graph["s:for_each:begin"]
    assert found.region is None
    block = f"{{retry: 1, steps: {{e: {step[:-1]}}}}}, outputs: {{text: $e.text}}}}"
    assert plan(page(block)).graph["s.e:for_each:begin"].region == "s:attempts"


def test_in_authored_order_a_beginning_is_read_at_once_still(plan):
    step = f'{{use: llm, prompt: "{LONG}{{{{ more.docs | numbered }}}}"}}'
    found = plan(page(step), frozenset({PREFILL}))
    assert found.graph["s.prefill"].waits == {"more:over"}
    assert cuts(found.graph) == {"s.prefill:begin": ("s.prefill", [], f"prompt: {LONG}")}


def test_what_is_known_already_is_no_reason_to_cut_again(plan):
    late, soon = "{{ more.docs | numbered }}", "{{ found.docs | numbered }}"
    prompt = f"{late}{LONG}{soon}{LONG}{late}{LONG}"
    before = f"{FOUND}  last: {{use: web_search, query: '$more.docs[0].text'}}\n"
    step = f'{{use: llm, prompt: "{prompt}", after: [last]}}'
    (found,) = cuts(plan(page(step, before=before)).graph).values()
    assert found[1] == ["found.found", "more.found"]
    assert found[2].count(LONG) == 3


@pytest.mark.parametrize("prompt", ["{{ found.docs | numbered }}", ""])
def test_no_prompt_is_too_short_for_a_cache_without_blocks_but_none_at_all(plan, prompt):
    facts = {PoolName("llm"): PoolFacts(warms=True, block_tokens=0)}
    step = f'{{use: llm, prompt: "{prompt}", after: [found]}}'
    assert cuts(plan(page(step), pools=Pools(KINDS, WARM.default, facts)).graph) == {}


LED = """
module: led
inputs: {lead: string, leads: "string[]", docs: "doc[]"}
steps:
  prefill:
    op: prefill
    prompt: "{{ inputs.lead }}{{ inputs.leads | join(', ') }}{{ inputs.docs | numbered }}"
  decode: {op: decode, call: $prefill.call}
outputs: {text: $decode.text}
"""


@pytest.mark.parametrize(("chars", "count"), [(40, 0), (300, 1)])
@pytest.mark.parametrize("given", ["lead: %s, leads: []", "lead: '', leads: [%s]"])
def test_text_that_a_caller_gives_is_as_long_as_it_is(registry, read, chars, count, given):
    modules = registry.with_module(read(LED))
    step = f"answer: {{use: led, {given % ('x' * chars)}, docs: $found.docs}}"
    document = load(read(re.sub(r"answer: {use.*}", step, LATE)), modules.vocabulary())
    facts = {PoolName("llm"): PoolFacts(warms=True, block_tokens=16)}
    made = make_plan(document, modules.modules, Pools(KINDS, WARM.default, facts))
    assert len(cuts(made.graph)) == count
