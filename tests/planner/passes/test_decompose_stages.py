"""decompose_stages: what is cut; what stays whole since pieces could be seen, or gain nothing."""

import re
from dataclasses import replace

import pytest

from planner.costs import BatchCosts
from planner.draft import Draft
from planner.estimate import Estimator
from planner.expand import make_plan
from planner.graph import PoolName
from planner.passes.decompose_stages import decompose_stages
from planner.passes.names import COMMON, NONE, PRUNE, STAGES
from planner.pieces import PIECES_MAX, Sizing
from planner.pools import PoolFacts, Pools
from planner.sketch import sketch
from planner.structure import Child, Shape
from planner.unfold import open_child
from spec.load import load
from spec.source import Source
from tests.planner.conftest import KINDS

HEAD = """
workflow: w
inputs: {text: string, question: string, questions: "string[]", docs: "object[]", vague: "string?"}
steps:
  chunks: {use: chunk, text: $inputs.text}
"""
INDEX = "  index: {use: index, chunks: $chunks.items}\n"
SEARCH = "  hits: {use: search, index: $index, query: $inputs.question}\n"
RERANK = "  best: {use: rerank, query: $inputs.question, docs: $hits.docs, top_k: 2}\n"
COSTS = {
    "embed": BatchCosts(26, 1.03), "ingest": BatchCosts(1, 0.4), "search": BatchCosts(1, 1.6),
    "rerank": BatchCosts(16, 1.7),
}  # fmt: skip
OWN = """
module: own
inputs: {index: index, queries: "string[]", others: "string[]?"}
steps:
  vectors: {op: embed, texts: $inputs.queries}
  hits: {op: search, index: $inputs.index, vectors: $vectors.vectors, queries: %s}
outputs: {docs: $hits.docs}
"""


def pools(saturated=frozenset(), **facts):
    known = {
        PoolName(kind): PoolFacts(deterministic=True, pointwise=True, rows_max=4, costs=COSTS)
        for kind in KINDS
    }
    known |= {PoolName(kind): at for kind, at in facts.items()}
    return Pools(KINDS, {kind: name for name, kind in KINDS.items()}, known, saturated)


@pytest.fixture
def plan(registry, read):
    def build(page, outputs, passes=frozenset({PRUNE, COMMON, STAGES}), modules=registry, **facts):
        page = f"{HEAD}{page}outputs: {{{outputs}}}\n"
        document = load(read(page), modules.vocabulary())
        return make_plan(document, modules.modules, pools(**facts), passes=passes)

    return build


def openings(plan):
    return [each.opening for each in plan.structures.values() if each.kind == "stages"]


@pytest.mark.parametrize("name", ["name: kept", "name: $inputs.vague"])
def test_an_index_that_others_may_see_is_never_half_written(plan, name):
    page = f"  index: {{use: index, chunks: $chunks.items, {name}}}\n"
    assert openings(plan(page + SEARCH, "docs: $hits.docs")) == []
    assert openings(plan(INDEX + SEARCH, "docs: $hits.docs")) == ["index.stored:stages"]


def test_vectors_that_two_indexes_read_are_made_as_a_whole(plan):
    page = INDEX + "  other: {use: index, chunks: $chunks.items}\n"
    outputs = "docs: $hits.docs, more: $again.docs"
    more = SEARCH + "  again: {use: search, index: $other, query: $inputs.question}\n"
    assert openings(plan(page + more, outputs)) == []
    assert len(openings(plan(page + more, outputs, frozenset({PRUNE, STAGES})))) == 2


def own(registry, queries="$inputs.queries", more=""):
    text = OWN % queries
    text = text.replace("outputs:", f"{more}outputs:")
    return registry.with_module(Source("own.yaml", text.encode(), "yaml"))


def test_what_is_opened_later_may_not_read_what_would_be_gone(plan, registry):
    asks = "  several: {use: own, index: $index, queries: $inputs.questions}\n"
    several = plan(INDEX + asks, "docs: $several.docs", modules=own(registry))
    assert "several.hits:stages" in openings(several)
    later = "  late: {if: $len(inputs.queries) > 1, op: chunk, text: $inputs.queries}\n"
    shared = plan(INDEX + asks, "docs: $several.docs", modules=own(registry, more=later))
    assert openings(shared) == ["index.stored:stages"]


@pytest.mark.parametrize(("apart", "count"), [("", 1), (", priority: 5", 0)])
def test_what_leaves_by_another_priority_is_not_cut_together(plan, registry, read, apart, count):
    page = f"""
module: apart
inputs: {{chunks: "doc[]"}}
steps:
  vectors: {{op: embed, texts: $inputs.chunks}}
  stored: {{op: ingest, chunks: $inputs.chunks, vectors: $vectors.vectors{apart}}}
outputs: {{index: $stored.index}}
"""
    step = f"  index: {{use: apart, chunks: $chunks.items}}\n{SEARCH}"
    found = plan(step, "d: $hits.docs", modules=registry.with_module(read(page)))
    assert len(openings(found)) == count


def test_queries_that_are_others_than_those_embedded_are_not_cut(plan, registry):
    asks = "  several: {use: own, index: $index, queries: $inputs.questions}\n"
    apart = plan(INDEX + asks, "docs: $several.docs", modules=own(registry, "$inputs.others"))
    assert openings(apart) == ["index.stored:stages", "several.hits:stages"]  # they are null
    asks = asks.replace("$inputs.questions}", "$inputs.questions, others: [a]}")
    apart = plan(INDEX + asks, "docs: $several.docs", modules=own(registry, "$inputs.others"))
    assert openings(apart) == ["index.stored:stages"]


def test_what_is_known_to_be_one_piece_is_not_counted_in_the_run(plan):
    assert "hits.hits:stages" not in openings(plan(INDEX + SEARCH, "docs: $hits.docs"))


@pytest.mark.parametrize(
    ("chunks", "count"),
    [("null", 0), ("[]", 0), ("[A]", 0), ("[A, $inputs.question]", 0), ("[A, B, C, D, E]", 1),
     ("[A, B, C, D, $inputs.question]", 1)],
)  # fmt: skip
def test_of_a_list_that_is_written_down_it_is_known_how_many_pieces_it_is(
    plan, registry, read, chunks, count
):
    chunks = re.sub(r"[A-E$][.a-z]*", r"{id: x, text: \g<0>, meta: {}}", chunks)
    page = f"  index: {{use: index, chunks: {chunks}}}\n" if chunks != "null" else PLAIN
    assert len(openings(plan(page + SEARCH, "docs: $hits.docs"))) == count


PLAIN = "  index: {use: index}\n"


def test_what_others_keep_is_made_as_a_whole():
    draft, library = sketch(OWN_INDEX, embedding=PoolFacts(rows_max=4))
    assert decompose_stages(draft, library) is not draft
    kept = replace(draft, kept=frozenset({"index.vectors"}))
    assert decompose_stages(kept, library) is kept


OWN_INDEX = """
module: own
inputs: {docs: "doc[]"}
steps:
  index:
    steps:
      vectors: {op: embed, texts: $inputs.docs}
      stored: {op: ingest, chunks: $inputs.docs, vectors: $vectors.vectors}
    outputs: {index: $stored.index}
outputs: {index: $index.index}
"""


@pytest.mark.parametrize(
    "facts",
    [
        PoolFacts(),  # nothing is known
        PoolFacts(rows_max=1, costs=COSTS),  # it has no batches
        PoolFacts(rows_max=4, costs={"embed": BatchCosts(0.1, 0.1)}),  # storing is what takes long
    ],
)
def test_what_cannot_pay_stays_whole(plan, facts):
    assert openings(plan(INDEX + SEARCH, "docs: $hits.docs", embedding=facts)) == []


@pytest.mark.parametrize(
    ("facts", "cut"),
    [
        (PoolFacts(True, pointwise=True, replicas=2), True),
        (PoolFacts(True, pointwise=True), False),  # there is nobody to share it with
        (PoolFacts(True, replicas=2), False),  # what is beside a passage counts
        (PoolFacts(pointwise=True, replicas=2), False),  # other batches, other scores
    ],
)
def test_reranking_is_shared_where_replicas_judge_each_passage_for_itself(plan, facts, cut):
    found = openings(plan(INDEX + SEARCH + RERANK, "docs: $best.docs", rerank=facts))
    assert ("best.scored:stages" in found) == cut


def test_a_plan_in_pieces_waits_for_the_last_of_them_alone(plan):
    page, outputs = INDEX + SEARCH, "docs: $hits.docs"
    plain, cut = (
        Estimator(pools()).of(plan(page, outputs, frozenset({PRUNE, *more})))
        for more in ((), (STAGES,))
    )
    stored = 1 + 0.4 * 16  # 16 passages of a text that nothing is known of, in batches of 4
    assert plain.critical_ms - cut.critical_ms == pytest.approx(stored - (1 + 0.4 * 4))


def test_made_twice_it_changes_nothing_more(plan):
    once = plan(INDEX + SEARCH, "docs: $hits.docs")
    draft = Draft(tuple(once.graph), tuple(once.structures.values()), (), frozenset())
    assert decompose_stages(draft, once.library) is draft


def test_pieces_are_as_large_as_the_root_says_and_no_larger_than_a_batch():
    sizing = Sizing(rows=256, ratio=26 / 0.4)
    assert (sizing.of(666).size, sizing.of(5_000).size) == (209, 256)
    for count in (0, 1, 63, 64, 65, 10_000, 123_456):
        pieces = sizing.of(count)
        assert 1 <= pieces.number <= PIECES_MAX
        assert [row for at in range(pieces.number) for row in pieces.rows(at)] == list(range(count))


def test_a_plan_with_nothing_to_cut_is_left_as_it_is(plan):
    page = "  said: {use: llm, prompt: x}\n"
    with_, without = (plan(page, "a: $said.text", passes) for passes in ({STAGES}, NONE))
    assert with_.graph == without.graph


@pytest.mark.parametrize(
    ("ingest", "sizing"),
    [
        (BatchCosts(1, 0.4), Sizing(4, 26 / 0.4)),
        (BatchCosts(1, 0.0), Sizing(4, None)),
        (
            BatchCosts(26 + 4 * 1.03, 0.4),
            None,
        ),  # begins no sooner than a piece of the first is done
    ],
)
def test_pieces_follow_from_what_both_take(plan, ingest, sizing):
    costs = {**COSTS, "ingest": ingest}
    vector = PoolFacts(deterministic=True, pointwise=True, rows_max=4, costs=costs)
    found = plan(INDEX + SEARCH, "d: $hits.docs", vector=vector)
    pairs = [each.pair.sizing for each in found.structures.values() if each.kind == "stages"]
    assert pairs == ([] if sizing is None else [sizing])


@pytest.mark.parametrize(
    ("costs", "replicas", "sizing"),
    [
        (BatchCosts(16, 1.7), 2, Sizing(10, pieces_max=2)),
        (BatchCosts(16, 16.0), 2, Sizing(1, pieces_max=2)),
        (BatchCosts(16, 0.5), 2, Sizing(32, pieces_max=2)),
        (BatchCosts(0, 1.7), 2, Sizing(1, pieces_max=2)),
        (BatchCosts(16, 1.7), PIECES_MAX + 1, Sizing(10, pieces_max=PIECES_MAX)),
        (BatchCosts(16, 0.0), 2, None),
    ],
)
def test_a_lone_piece_is_at_most_half_the_beginning_of_its_batch(plan, costs, replicas, sizing):
    rerank = PoolFacts(True, pointwise=True, replicas=replicas, costs={"rerank": costs})
    found = plan(INDEX + SEARCH + RERANK, "d: $best.docs", rerank=rerank)
    pairs = [each.pair for each in found.structures.values() if each.kind == "stages"]
    lone = [pair.sizing for pair in pairs if pair.second.op == "rerank"]
    assert lone == ([] if sizing is None else [sizing])


@pytest.mark.parametrize(
    ("saturated", "cut"),
    [
        ({"embedding"}, ["best.scored:stages"]),
        ({"vector"}, ["best.scored:stages"]),
        ({"rerank"}, ["index.stored:stages"]),
        ({"llm", "web"}, ["index.stored:stages", "best.scored:stages"]),
    ],
)
def test_what_a_saturated_pool_would_do_in_pieces_stays_whole(plan, saturated, cut):
    facts = {"rerank": PoolFacts(True, pointwise=True, replicas=2, costs=COSTS)}
    made = plan(INDEX + SEARCH + RERANK, "d: $best.docs", saturated=frozenset(saturated), **facts)
    assert openings(made) == cut


@pytest.mark.parametrize(("saturated", "cut"), [(set(), 1), ({"vector"}, 0)])
def test_what_is_opened_in_a_run_goes_by_the_load_of_its_plan(plan, saturated, cut):
    page = f"""\
  found:
    if: $len(inputs.questions) > 1
    steps:
    {INDEX}    {SEARCH}    outputs: {{docs: $hits.docs}}
"""
    made = plan(page, "d: $found.docs", saturated=frozenset(saturated))
    branch = made.structures["found:branch"]
    opened = open_child(branch, Child(), Shape(), made.library, {})
    assert [each.kind for each in opened.structures] == ["stages"] * cut


def test_what_was_made_before_is_no_first(plan, registry):
    """Of what is opened in a run the vectors may be there already."""
    made = plan(INDEX + SEARCH, "d: $hits.docs", passes=frozenset({PRUNE}))
    ingest = made.graph["index.stored"]
    draft = Draft((ingest,), (), (), frozenset(), whole=False)
    assert decompose_stages(draft, made.library) is draft
