"""pipeline_decoding: which lists are gone over while they come, and which are not."""

from dataclasses import replace

import pytest

from planner.draft import Draft
from planner.expand import make_plan
from planner.graph import Output, PoolName
from planner.library import Library
from planner.opener import Opener
from planner.passes.names import DECODING, DEFAULT, NONE, STAGES
from planner.passes.pipeline_decoding import pipeline_decoding
from planner.place import Place
from planner.pools import PoolFacts
from planner.structure import Child, Shape
from planner.unfold import close, open_child
from spec.load import load
from spec.source import Source
from spec.values import ListOf

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
    facts = {
        PoolName("llm"): PoolFacts(streams=True),
        PoolName("large"): PoolFacts(),
        PoolName("embedding"): PoolFacts(rows_max=64),
    }
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


ROWS = """
module: rows
inputs: {{index: index, queries: "string[]", others: "string[]?"}}
steps:
  vectors: {{op: embed, texts: $inputs.queries}}
  hits: {hits}
outputs: {{given: $hits.{port}}}
"""
SEARCH = "{op: search, index: $inputs.index, vectors: $vectors.vectors, queries: $inputs.queries}"
INGEST = "{op: ingest, chunks: null, vectors: $vectors.vectors}"
INDEX = "  i: {use: index, name: kept}\n"
HITS = "  s: {use: rows, index: $i, queries: $l.items}\n"
ROW_BY_ROW = {"s.hits:stages": SOURCE}


def with_rows(registry, hits=SEARCH, port="docs"):
    text = ROWS.format(hits=hits, port=port)
    return registry.with_module(Source("rows.yaml", text.encode(), "yaml"))


@pytest.mark.parametrize("stages", [True, False])
def test_what_takes_a_list_row_by_row_is_cut_into_its_items(marked, registry, stages):
    """Also where no list that is known is cut, by what engines take or since that is off."""
    passes = DEFAULT if stages else DEFAULT - {STAGES}
    page, modules = INDEX + LIST + HITS, with_rows(registry)
    assert marked(page, "{x: $s.given}", passes, modules) == ROW_BY_ROW
    without = marked(page, "{x: $s.given}", passes - {DECODING}, modules)
    assert without == ({"s.hits:stages": None} if stages else {})


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (LIST + EACH.replace("s:", "e:") + HITS, {"e:for_each": SOURCE, **ROW_BY_ROW}),
        (LIST.replace("}", ", retry: 2, fallback: {items: []}}") + HITS, ROW_BY_ROW),
        (LIST + HITS.replace("$l.items", "'$l.items[:2]'"), {}),
        (LIST + HITS.replace("$l.items", "$inputs.words, after: [l]"), {}),
        ("  l: {use: llm.list, prompt: List, engine: large}\n" + HITS, {}),
        (LIST + "  s: {use: rows, index: $i, queries: $l.items, after: [l]}\n", {}),
        (LIST + "  s: {use: rows, index: $i, queries: $l.items, retry: 1}\n", {}),
    ],
    ids=[
        "beside a for_each", "out of attempts", "a part of it", "another list",
        "an engine that is silent", "the author's order", "what is tried again apart from it",
    ],
)  # fmt: skip
def test_rows_wait_where_elements_would(marked, registry, steps, expected):
    outputs, passes = "{x: $s.given, l: $l.items}", DEFAULT - {STAGES}
    assert marked(INDEX + steps, outputs, passes, with_rows(registry)) == expected


@pytest.mark.parametrize(
    "hits",
    [
        SEARCH.replace("inputs.queries", "inputs.others"),
        SEARCH + "\n  more: " + SEARCH.replace("}", ", top_k: 3}"),
    ],
    ids=["other queries beside them", "two that read the vectors"],
)
def test_where_a_search_may_not_be_cut_its_vectors_are_made_ahead(marked, registry, hits):
    steps = INDEX + LIST + HITS.replace("}", ", others: $inputs.words}")
    found = marked(steps, "{x: $l.items, y: $s.given}", modules=with_rows(registry, hits))
    assert found == {"s.vectors:stages": SOURCE}


@pytest.mark.parametrize("stages", [True, False])
def test_what_is_stored_waits_until_the_list_is_accepted(marked, registry, stages):
    steps = INDEX + LIST + HITS + "  t: {use: search, index: $s.given, query: x}\n"
    passes = DEFAULT if stages else DEFAULT - {STAGES}
    found = marked(steps, "{x: $t.docs}", passes, with_rows(registry, INGEST, "index"))
    assert found == ({"s.hits:stages": None} if stages else {"s.vectors:stages": SOURCE})


@pytest.fixture
def structure(registry, read, streaming):
    modules = with_rows(registry)
    page = f"{HEAD}{INDEX}{LIST}{HITS}outputs: {{x: $s.given}}\n"
    document = load(read(page), modules.vocabulary())
    plan = make_plan(document, modules.modules, streaming)
    return plan.structures["s.hits:stages"], plan.library


def test_a_piece_is_the_same_whatever_the_list_comes_to(structure):
    made, library = structure
    piece, later = (open_child(made, Child(1), Shape(count=at), library, {}) for at in (2, 99))
    assert piece == later
    embed, search, over = piece.primitives
    items = Output("s.hits:stages", "items")  # as much of it as is there
    assert embed.reads() == {items}
    assert search.reads() - {items} == {
        Output("s.vectors[1]", "vectors"), Output("i.stored", "index")
    }  # fmt: skip
    assert {each.region for each in (embed, search, over)} == {"s.hits[1]"}
    (joined,) = close(made, 3, Shape(count=3), library).primitives
    overs = tuple(Output(f"s.hits[{at}]:over", "value") for at in range(3))
    assert joined.params["lists"] == ListOf(overs)


def test_a_list_of_which_nothing_came_is_done_as_a_whole(structure):
    made, library = structure
    none, one = (open_child(made, Child(), Shape(count=at), library, {}) for at in (0, 1))
    assert [each.id for each in none.primitives] == ["s.vectors", "s.hits"]
    assert [each.id for each in one.primitives] == ["s.vectors[0]", "s.hits[0]", "s.hits[0]:over"]


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


def test_of_what_goes_over_a_list_nothing_but_its_structure_is_changed(registry, read, streaming):
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


def test_twice_is_as_good_as_once(registry, read, streaming):
    modules = with_rows(registry)
    page = f"{HEAD}{INDEX}{LIST}{HITS}{EACH.replace('s:', 'e:')}outputs: {{x: $s.given}}\n"
    plan = make_plan(load(read(page), modules.vocabulary()), modules.modules, streaming)
    structures = tuple(plan.structures.values())
    once = Draft(tuple(plan.graph), structures, tuple(plan.regions.values()), frozenset())
    assert {each.source for each in structures} == {"l.decode"}
    assert pipeline_decoding(once, plan.library) == once
