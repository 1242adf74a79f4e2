"""pipeline_decoding: which lists are gone over while they come, and which are not."""

from dataclasses import replace

import pytest

from planner.draft import Draft
from planner.expand import make_plan
from planner.graph import PoolName
from planner.library import Library
from planner.opener import Opener
from planner.passes.names import DECODING, DEFAULT, NONE
from planner.passes.pipeline_decoding import pipeline_decoding
from planner.place import Place
from planner.pools import PoolFacts
from planner.structure import Child, Shape
from planner.unfold import open_child
from spec.load import load
from spec.source import Source

HEAD = "workflow: w\ninputs: {words: 'string[]', flag: boolean}\nsteps:\n"
LIST = "  l: {use: llm.list, prompt: List}\n"
EACH = "  s: {for_each: $l.items, use: llm, prompt: $item}\n"
APART = """\
  b:
    retry: 1
    steps: {s: {for_each: $l.items, use: llm, prompt: $item}}
    outputs: {texts: $s.text}
"""
SOURCE = ("l.decode", True)


@pytest.fixture
def streaming(pools):
    facts = {PoolName("llm"): PoolFacts(streams=True), PoolName("large"): PoolFacts()}
    return replace(pools, facts=facts)


@pytest.fixture
def marked(registry, read, streaming):
    """Return what is noted in each structure of a page: where its items come from, and if that
    may be ended early.
    """

    def build(steps, outputs="{x: $s}", passes=DEFAULT, modules=registry):
        page = f"{HEAD}{steps}outputs: {outputs}\n"
        document = load(read(page), modules.vocabulary())
        plan = make_plan(document, modules.modules, streaming, passes=passes)
        return {
            opening: (each.source, each.stops) if each.source else None
            for opening, each in plan.structures.items()
        }

    return build


@pytest.mark.parametrize(
    "steps",
    [
        LIST + EACH,
        LIST
        + "  s: {for_each: $l.items, on_error: null, use: llm, prompt: $item, if: $item != 'x'}\n",
        "  l: {use: llm.list, prompt: List, retry: 2, fallback: {items: []}}\n" + EACH,
        "  l: {use: llm.list, prompt: List, timeout: 3s}\n" + EACH,
    ],
    ids=["plain", "each with a condition", "out of attempts", "out of a timed step"],
)
def test_what_goes_over_a_streamed_list_is_told_where_it_comes_from(marked, steps):
    assert marked(steps) == {"s:for_each": SOURCE}


def test_a_fold_is_told_too(marked):
    fold = '  s: {fold: $l.items, start: "", use: llm, prompt: "{{ acc }}{{ item }}"}\n'
    assert marked(LIST + fold) == {"s:fold": SOURCE}


@pytest.mark.parametrize(
    "steps",
    [
        LIST + "  s: {for_each: '$l.items[:2]', use: llm, prompt: $item}\n",
        LIST + "  s: {for_each: $inputs.words, use: llm, prompt: $item}\n",
        LIST + '  s: {reduce: $l.items, use: llm, prompt: "{{ items | json }}"}\n',
        LIST + "  s: {for_each: $l.items, after: [l], use: llm, prompt: $item}\n",
        "  l: {use: llm.list, prompt: List, engine: large}\n" + EACH,
        LIST + "  s: {for_each: $l.items, use: index, chunks: [{id: x, text: $item, meta: {}}]}\n",
        "  l: {use: llm.list, prompt: List, cache: 1h}\n" + EACH,
        "  l: {use: llm.list, prompt: List, retry: 1}\n"
        "  s: {for_each: $l.items, after: [l], use: llm, prompt: $item}\n",
        LIST + APART,
        "  l: {use: llm.list, prompt: List, retry: 1}\n" + APART,
    ],
    ids=[
        "a part of it", "another list", "a tree", "the author's order", "an engine that is silent",
        "what changes something", "what may be known", "the author's order, after attempts",
        "what is tried again apart from it", "both tried again, each apart",
    ],
)  # fmt: skip
def test_what_must_wait_for_the_whole_list_is_not(marked, steps):
    found = marked(steps, "{x: $l.items}")
    assert set(found.values()) == {None}


def test_a_list_inside_what_may_fail_alone_is_not_waited_for_from_outside_of_what_is_around(marked):
    """What takes the list away has to know what was begun with it: it is looked for in one step."""
    block = (
        "  b:\n    retry: 1\n    steps:\n      l: {use: llm.list, prompt: List, retry: 1}\n"
        "    outputs: {items: $l.items}\n"
    )
    each = "  s: {for_each: $b.items, use: llm, prompt: $item}\n"
    assert marked(block + each) == {"s:for_each": ("b.l.decode", True)}


def test_a_list_from_outside_of_what_is_opened_is_there_already(registry, read, streaming):
    page = f"""{HEAD}{LIST}  o:
    for_each: $inputs.words
    steps: {{s: {{for_each: $l.items, use: llm, prompt: "{{{{ item }}}}"}}}}
    outputs: {{texts: $s.text}}
outputs: {{x: $o.texts}}
"""
    plan = make_plan(load(read(page), registry.vocabulary()), registry.modules, streaming)
    structure = plan.structures["o:for_each"]
    delta = open_child(structure, Child(0), Shape(count=1), plan.library, {})
    assert [each.source for each in delta.structures] == [None]


def test_it_is_off_where_it_is_turned_off(marked):
    assert marked(LIST + EACH, passes=DEFAULT - {DECODING}) == {"s:for_each": None}


MODULE = b"""
module: told
inputs: {prompt: prompt}
steps:
  prefill: {op: prefill, prompt: $inputs.prompt}
  decode: {op: decode, call: $prefill.call, form: list}
outputs: {items: $decode.items, text: $decode.text}
"""


@pytest.mark.parametrize(
    ("outputs", "further", "stops"),
    [
        ("{x: $s}", "", True),
        ("{x: $s, t: $l.text}", "", False),
        ("{x: $s}", "  t: {for_each: $inputs.words, use: text, template: $l.text}\n", False),
        ("{x: $s}", "  t: {if: $inputs.flag, use: text, template: $l.text}\n", False),
        (
            "{x: $s, t: $t}",
            "  t: {if: $inputs.flag, use: text, template: x, else: {text: $l.text}}\n",
            False,
        ),
        (
            "{x: $s}",
            "  t: {for_each: $inputs.words, if: $l.text == item, use: text, template: x}\n",
            False,
        ),
        ("{x: $s}", "  t: {use: text, template: x, fallback: {text: $l.text}}\n", False),
        (
            "{x: $s}",
            "  t: {for_each: $inputs.words, use: text, template: x, fallback: {text: $l.text}}\n",
            False,
        ),
        (
            "{x: $s, t: $t.docs}",
            "  t: {use: rerank, query: $l.text, docs: [{id: x, text: y, meta: {}}]}\n",
            False,
        ),
    ],
    ids=[
        "nobody", "an output", "every element", "a branch", "instead", "a condition",
        "after faults", "after faults of an element", "pieces",
    ],
)  # fmt: skip
def test_a_reply_is_ended_early_unless_somebody_reads_it(marked, registry, outputs, further, stops):
    modules = registry.with_module(Source("told.yaml", MODULE, "yaml"))
    steps = "  l: {use: told, prompt: List}\n" + EACH + further
    assert marked(steps, outputs, modules=modules)["s:for_each"] == ("l.decode", stops)


def test_what_is_opened_in_a_run_is_looked_at_as_well(registry, read, streaming):
    page = f"""{HEAD}  o:
    for_each: $inputs.words
    steps:
      l: {{use: llm.list, prompt: $item}}
      s: {{for_each: $l.items, use: llm, prompt: $item}}
    outputs: {{texts: $s.text}}
outputs: {{x: $o.texts}}
"""
    document = load(read(page), registry.vocabulary())
    plan = make_plan(document, registry.modules, streaming)
    structure = plan.structures["o:for_each"]
    for index in range(6):  # the later ones come out of a mould
        delta = open_child(structure, Child(index), Shape(count=9), plan.library, {})
        (inner,) = delta.structures
        assert (inner.source, inner.stops) == (f"o[{index}].l.decode", True)


def test_twice_is_as_good_as_once_and_nothing_else_is_changed(registry, read, streaming):
    document = load(read(f"{HEAD}{LIST}{EACH}outputs: {{x: $s}}\n"), registry.vocabulary())
    library = Library(registry.modules, {}, streaming, NONE)
    opener = Opener(library)
    opener.document(document, {}, Place())
    made = tuple(opener.primitives), tuple(opener.structures), tuple(opener.regions)
    before = Draft(*made, kept=frozenset())
    once = pipeline_decoding(before, library)
    assert once != before
    assert replace(once, structures=before.structures) == before
    assert pipeline_decoding(once, library) == once
