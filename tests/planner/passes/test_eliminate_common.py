"""eliminate_common: equal work becomes one; what could differ, or fail apart, stays two."""

import pytest

from planner.expand import make_plan
from planner.graph import Output
from planner.passes.names import COMMON, PRUNE
from spec.load import load

HEAD = """
workflow: w
inputs: {text: string, question: string, docs: "object[]", seed: "integer?"}
steps:
  chunks: {use: chunk, text: $inputs.text}
  index: {use: index, chunks: $chunks.items}
"""
SEARCHES = """
  one: {use: search, index: $index, query: $inputs.question}
  two: {use: search, index: $index, query: $inputs.question}
outputs: {one: $one.docs, two: $two.docs}
"""
ALIKE = "  like: {use: llm, prompt: Alike}\n  alike: {use: llm, prompt: Alike}\n"
CALL = '{use: llm, prompt: "About {{ inputs.question }}"'


@pytest.fixture
def plan(registry, read, pools):
    def build(page, passes=frozenset({PRUNE, COMMON})):
        document = load(read(HEAD + page), registry.vocabulary())
        return make_plan(document, registry.modules, pools, passes=passes)

    return build


def aliases(plan):
    return {each.id: next(iter(each.reads())) for each in plan.graph if each.op == "alias"}


def test_equal_searches_are_one_and_so_is_what_reads_them(plan):
    found = plan(SEARCHES)
    assert aliases(found) == {
        "two.query": Output("one.query", "vectors"),
        "two.hits": Output("one.hits", "docs"),
    }
    assert found.graph["output:two"].reads() == {Output("one.hits", "docs")}
    assert found.steps["two"] == ("two.query", "two.hits")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (f"{CALL}}}", f"{CALL}, temperature: 0.0}}"),  # 0 and 0.0 may look different on the wire
        (f"{CALL}, temperature: 1}}", f"{CALL}, temperature: 1}}"),  # dice are thrown twice
        (f"{CALL}, temperature: 1, seed: $inputs.seed}}",) * 2,  # there may be none
        (f"{CALL}}}", f"{CALL}, max_tokens: 9}}"),
        (f"{CALL}}}", f"{CALL}, engine: large}}"),
        (f"{CALL}}}", f"{CALL}, retry: 1}}"),  # fails alone
        (f"{CALL}}}", f"{CALL}, priority: 3}}"),
        (f"{CALL}}}", '{use: llm, prompt: "About  {{ inputs.question }}"}'),
        ("{use: index, chunks: $chunks.items}", "{use: index, chunks: $chunks.items, name: x}"),
        ("{use: web_search, query: x}", "{use: web_search, query: x}"),  # pages change
    ],
)
def test_what_may_differ_stays_two(plan, one, two):
    """Beside work that is equal: where there is none, nothing is compared."""
    outputs = "outputs: {q: $inputs.question}"
    found = aliases(plan(f"  one: {one}\n  two: {two}\n{ALIKE}{outputs}\n"))
    assert "alike.decode" in found
    assert not [id for id in found if id.startswith("two.") and not id.endswith("vectors")]


@pytest.mark.parametrize("more", ["", ", temperature: 1, seed: 5", ", max_tokens: 9"])
def test_equal_calls_that_throw_no_dice_are_one_request(plan, more):
    call = f"{CALL}{more}}}"
    outputs = "outputs: {one: $one.text, two: $two.text}\nstream: [two]"
    page = f"  one: {call}\n  two: {call}\n{outputs}\n"
    found = plan(page)
    assert aliases(found) == {"two.decode": Output("one.decode", "text")}
    assert "two.prefill" not in found.graph.primitives
    assert found.streams == {"one.decode": ("two",)}


def test_what_the_author_put_in_order_waits_in_order_still(plan):
    found = plan(f"  one: {CALL}}}\n  two: {CALL}, after: [index]}}\noutputs: {{q: $two.text}}\n")
    assert found.graph["two.decode"].after == {"index.stored"}
    assert found.graph["one.prefill"].after == frozenset()


def test_a_plan_without_twins_is_left_as_it_is(plan):
    page = f"  one: {CALL}}}\noutputs: {{q: $one.text}}\n"
    assert plan(page).graph == plan(page, frozenset({PRUNE})).graph


def test_in_authored_order_the_twin_ends_in_its_turn(plan):
    found = plan(f"  one: {CALL}}}\n  two: {CALL}}}\noutputs: {{q: $two.text}}\n", {COMMON})
    assert found.graph["two.decode"].waits == {"one:over"}


def test_in_authored_order_what_reads_a_twin_comes_in_its_turn(plan):
    found = plan(SEARCHES.replace("question}", "question, top_k: 3}", 1), frozenset({COMMON}))
    assert aliases(found) == {"two.query": Output("one.query", "vectors")}
    assert found.graph["two.hits"].reads() >= {Output("one.query", "vectors")}
    assert found.graph["two.hits"].waits == {"one:over"}
