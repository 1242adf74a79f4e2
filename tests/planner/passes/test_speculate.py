"""speculate: which branches are put behind a gate, which are not and why not."""

from dataclasses import replace

import pytest

from planner.expand import make_plan
from planner.library import Library, PlanLimits
from planner.passes.names import DEFAULT, PRUNE, SPECULATE
from planner.passes.speculate import SAVED_MS_MIN, considered, speculate
from spec.load import load

HEAD = """
workflow: w
inputs: {text: string, question: string, flag: boolean}
steps:
  judge: {use: llm, prompt: "Is this about us? {{ inputs.question }}"}
"""
ON = frozenset({PRUNE, SPECULATE})
LIMITS = PlanLimits()
DOCS = "outputs: {docs: $t.docs}"
GUARD = "if: \"$judge.text == 'yes'\""
SEARCH = "use: web_search, query: $inputs.question"


@pytest.fixture
def document(registry, read):
    return lambda page: load(read(HEAD + page), registry.vocabulary())


@pytest.fixture
def plan(registry, document, pools):
    def build(page, passes=ON):
        return make_plan(document(page), registry.modules, pools, passes=passes)

    return build


@pytest.fixture
def told(registry, document, pools):
    """Return what is said of each branch of a page, by the step it stands in."""

    def build(page, passes=ON, limits=LIMITS):
        seen = {}

        def watch(name, before, _after):
            if name == SPECULATE:
                library = Library(registry.modules, {}, pools, passes, limits)
                seen.update(considered(before, library))

        made = document(page), registry.modules, pools
        make_plan(*made, passes=passes, watch=watch, limits=limits)
        return {id.removesuffix(":branch"): each for id, each in seen.items()}

    return build


def test_a_search_behind_a_judge_may_begin_at_once(plan):
    found = plan(f"  s: {{{GUARD}, {SEARCH}}}\noutputs: {{docs: $s.docs}}\n")
    ahead = found.structures["s:branch"].ahead
    assert ahead.gate == "s:branch:gate"
    assert found.graph["s:branch:gate"].waits_for() == frozenset()
    assert found.graph["s:branch:gate"].step is None
    assert ahead.saved_ms == pytest.approx(400.0)  # all that a search takes
    assert ahead.work_ms["web"] == pytest.approx(400.0)
    assert found.steps["s"] == ("s:branch", "s:branch:end")


def test_what_it_reads_is_waited_for_and_what_its_author_put_before_it(plan):
    page = f"""\
  topic: {{use: llm, max_tokens: 8, prompt: "Topic of {{{{ inputs.question }}}}"}}
  first: {{use: llm, max_tokens: 8, prompt: "Hello"}}
  s: {{{GUARD}, use: web_search, query: $topic.text, after: [first]}}
outputs: {{docs: $s.docs}}
"""
    found = plan(page).graph["s:branch:gate"]
    assert found.after == {"topic.decode", "first.decode"}


def test_what_the_author_put_before_a_block_comes_before_what_is_inside(plan):
    page = f"""\
  first: {{use: llm, max_tokens: 8, prompt: "Hello"}}
  b:
    after: [first]
    steps:
      asked: {{use: llm, prompt: "Is this about us? {{{{ inputs.question }}}}"}}
      s: {{if: "$asked.text == 'yes'", {SEARCH}}}
    outputs: {{docs: $s.docs}}
outputs: {{docs: $b.docs}}
"""
    assert plan(page).graph["b.s:branch:gate"].after == {"first.decode"}


def test_what_takes_longer_than_it_can_begin_sooner_saves_that_much(plan):
    short = "  short: {use: llm, max_tokens: 1, prompt: x}\n"
    page = f"  s: {{if: \"$short.text == 'yes'\", {SEARCH}}}\noutputs: {{docs: $s.docs}}\n"
    saved = plan(short + page).structures["s:branch"].ahead.saved_ms
    assert SAVED_MS_MIN < saved < 400.0


def test_the_end_of_attempts_is_nothing_that_the_author_has_put_before(plan):
    again = "  again: {use: llm, retry: 1, prompt: Is it?}\n"
    page = f"  s: {{if: \"$again.text == 'yes'\", {SEARCH}}}\noutputs: {{docs: $s.docs}}\n"
    assert plan(again + page).graph["s:branch:gate"].after == frozenset()


def test_what_is_timed_begins_after_what_the_author_has_put_before_it(plan):
    page = f"""\
  first: {{use: llm, max_tokens: 8, prompt: "Hello"}}
  b:
    after: [first]
    timeout: 9s
    steps:
      asked: {{use: llm, prompt: "Is this about us? {{{{ inputs.question }}}}"}}
      s: {{if: "$asked.text == 'yes'", {SEARCH}}}
    outputs: {{docs: $s.docs}}
outputs: {{docs: $b.docs}}
"""
    gate = plan(page).graph["b.s:branch:gate"]
    assert (gate.after, gate.region) == ({"b:start", "first.decode"}, "b:attempts")


def test_a_branch_that_may_not_be_opened_at_all_is_not_opened_ahead(told):
    steps = ", ".join(f"s{n}: {{{SEARCH}}}" for n in range(9))
    page = f"  s: {{{GUARD}, steps: {{{steps}}}, outputs: {{docs: $s8.docs}}}}\n"
    told_of = told(f"{page}outputs: {{docs: $s.docs}}\n", limits=PlanLimits(primitives_max=8))
    assert told_of == {"s": "it is too large"}


EFFECTS = f"""\
  pieces: {{use: chunk, text: $inputs.text}}
  s: {{{GUARD}, use: index, chunks: $pieces.items}}
outputs: {{text: $judge.text}}
"""
INSIDE = f"""\
  s:
    {GUARD}
    steps:
      pieces: {{use: chunk, text: $inputs.text}}
      index: {{use: index, chunks: $pieces.items}}
      found: {{use: search, index: $index, query: $inputs.question}}
    outputs: {{docs: $found.docs}}
outputs: {{docs: $s.docs}}
"""


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (f"  s: {{{GUARD}, {SEARCH}, timeout: 5s}}", "it is timed"),
        (f"  s: {{{GUARD}, steps: {{t: {{{SEARCH}, timeout: 5s}}}}, {DOCS}}}", "it is timed"),
        (f"  s: {{if: $inputs.flag, {SEARCH}}}", "it could not begin sooner"),
        (f"  s: {{{GUARD}, use: web_search, query: $judge.text}}", "it could not begin sooner"),
        (f"  s: {{{GUARD}, {SEARCH}, after: [judge]}}", "it could not begin sooner"),
        (f"  s: {{{GUARD}, use: value, value: 1}}", "it takes no time"),
    ],
)
def test_what_is_not_begun_ahead_and_why(told, page, why):
    outputs = "value" if "value: 1" in page else "docs"
    assert told(f"{page}\noutputs: {{x: $s.{outputs}}}\n") == {"s": why}


@pytest.mark.parametrize("page", [EFFECTS, INSIDE])
def test_what_stores_anything_is_not_begun_ahead(told, page):
    assert told(page) == {"s": "it has effects"}


def test_in_authored_order_nothing_is_begun_before_its_turn(told):
    page = f"  s: {{{GUARD}, {SEARCH}}}\noutputs: {{docs: $s.docs}}\n"
    assert told(page, frozenset({SPECULATE})) == {"s": "it comes in turn"}


def test_it_is_off_unless_it_is_asked_for(plan):
    page = f"  s: {{{GUARD}, {SEARCH}}}\noutputs: {{docs: $s.docs}}\n"
    assert plan(page, DEFAULT).structures["s:branch"].ahead is None


@pytest.mark.parametrize(
    ("saturated", "is_begun"), [({"web"}, False), ({"llm", "embedding"}, True), (set(), True)]
)
def test_nothing_is_asked_of_a_saturated_pool_that_may_be_for_nothing(
    registry, document, pools, saturated, is_begun
):
    page = document(f"  s: {{{GUARD}, {SEARCH}}}\noutputs: {{docs: $s.docs}}\n")
    loaded = replace(pools, saturated=frozenset(saturated))
    made = make_plan(page, registry.modules, loaded, passes=ON)
    assert (made.structures["s:branch"].ahead is not None) == is_begun


def test_why_a_branch_is_left_alone_under_load(registry, document, pools):
    seen = {}

    def watch(name, before, _after):
        if name == SPECULATE:
            seen.update(considered(before, library))

    page = document(f"  s: {{{GUARD}, {SEARCH}}}\noutputs: {{docs: $s.docs}}\n")
    loaded = replace(pools, saturated=frozenset({"web"}))
    library = Library(registry.modules, {}, loaded, ON)
    make_plan(page, registry.modules, loaded, passes=ON, watch=watch)
    assert seen == {"s:branch": "it asks work of a saturated pool"}


def test_made_twice_it_changes_nothing_more(registry, document, pools):
    page = f"  s: {{{GUARD}, {SEARCH}}}\noutputs: {{docs: $s.docs}}\n"
    made = {}

    def watch(name, _before, after):
        made[name] = after

    make_plan(document(page), registry.modules, pools, passes=ON, watch=watch)
    draft = made[SPECULATE]
    assert speculate(draft, Library(registry.modules, {}, pools, ON)) is draft
