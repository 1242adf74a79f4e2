"""Work in pieces while a run goes on: what overlaps, what is told, and what it costs."""

import pytest

from executors.engines.emulated import Emulated
from executors.engines.emulation.profiles import PROFILES
from executors.scheduler.commands import Dispatch
from planner.expand import make_plan
from planner.passes.names import COMMON, PRUNE, STAGES
from planner.pools import PoolFacts, Pools
from spec.load import load
from spec.source import Source
from tests.executors.conftest import KINDS, World

PAGE = """
workflow: w
inputs: {text: string, question: string}
steps:
  chunks: {use: chunk, text: $inputs.text, size: 1}
  index: {use: index, chunks: $chunks.items}
  hits: {use: search, index: $index, query: $inputs.question}
outputs: {docs: $hits.docs}
"""
RANKED = """
workflow: w
inputs: {docs: "doc[]", question: string}
steps:
  best: {use: rerank, docs: $inputs.docs, query: $inputs.question, top_k: 12}
outputs: {docs: $best.docs}
"""
ROWS_MAX = 16
PLAIN = frozenset({PRUNE, COMMON})
#: Embedding takes 50 ms and 25 ms a row.
MODELS = {
    "embedding": "bge-large-paper", "vector": "pgvector", "rerank": "bge-reranker-large-3090",
}  # fmt: skip


@pytest.fixture
def served(tmp_path, registry):
    """Return what runs a page on engines that take the time of real ones."""

    class Emulation(World):
        def _engine(self, name):
            if name in MODELS:
                return Emulated(PROFILES[MODELS[name]])
            return super()._engine(name)

    def run(page, inputs, passes, replicas=1):
        folder = tmp_path / f"{len(passes)}"
        here = Emulation(1, folder, {}, "throughput", replicas, ROWS_MAX, 10, 1000)
        fact = PoolFacts(True, pointwise=True, replicas=replicas, rows_max=ROWS_MAX)
        default = {kind: name for name, kind in KINDS.items()}
        pools = Pools(KINDS, default, dict.fromkeys(KINDS, fact))
        document = load(Source("w.yaml", page.encode(), "yaml"), registry.vocabulary())
        here.submit(make_plan(document, registry.modules, pools, passes=passes), inputs)
        here.run()
        assert here.record().status == "succeeded"
        return here

    return run


@pytest.fixture
def ran(served):
    """Return what runs the page on so many chunks, in pieces or not."""

    def run(rows, passes):
        text = " ".join(f"w{at}" for at in range(rows))
        return served(PAGE, {"text": text, "question": "Which?"}, passes)

    return run


def batches(world, op):
    """Yield when each batch of an operation left, and how many rows it had."""
    for entry in world.journal:
        for command in entry.commands:
            if isinstance(command, Dispatch) and op in command.pieces[0].task.unit:
                yield entry.now, sum(piece.stop - piece.start for piece in command.pieces)


def events(world, kind):
    return [each.data for each in world.store.events("local", "r1", limit=10_000)
            if each.kind == kind]  # fmt: skip


def took_ms(world):
    return events(world, "run.finished")[0]["duration_ms"]


def test_storing_begins_before_all_is_embedded(ran):
    plain, here = ran(75, PLAIN), ran(75, PLAIN | {STAGES})
    assert here.record().outputs == plain.record().outputs
    embedded = list(batches(here, "index.vectors"))
    stored = [now for now, _ in batches(here, "index.stored")]
    assert stored[0] < embedded[-1][0]
    assert len(stored) == 5
    assert len(embedded) == len(list(batches(plain, "index.vectors"))) == 5
    assert sum(rows for _, rows in embedded) == 75
    assert took_ms(here) < took_ms(plain)


def test_what_fits_into_one_piece_is_done_as_if_nothing_were_cut(ran):
    plain, here = ran(ROWS_MAX, PLAIN), ran(ROWS_MAX, PLAIN | {STAGES})
    assert took_ms(here) == took_ms(plain)
    assert [each["primitive"] for each in events(here, "primitive.finished")] == [
        each["primitive"] for each in events(plain, "primitive.finished")
    ]


def test_how_far_it_has_come_is_told_in_rows_of_the_whole(ran):
    here = ran(75, PLAIN | {STAGES})
    told = [(each["of"], each["done"], each["total"]) for each in events(here, "step.progress")]
    assert told == [("rows", done, 75) for done in (16, 32, 48, 64, 75)]
    assert {each["step"] for each in events(here, "step.progress")} == {"index"}
    (step,) = [each for each in events(here, "step.finished") if each["step"] == "index"]
    assert (step["status"], step["primitives"]) == ("succeeded", 10)


@pytest.mark.parametrize(("count", "pieces"), [(0, 1), (9, 1), (40, 2)])
def test_replicas_rank_a_part_each_and_the_best_of_all_are_those_of_the_whole(
    served, count, pieces
):
    docs = [{"id": f"d{at % 30}", "text": f"{at % 30}", "meta": {}} for at in range(count)]
    asked = {"docs": docs, "question": "Which?"}
    plain, here = (served(RANKED, asked, passes, 2) for passes in (PLAIN, PLAIN | {STAGES}))
    assert here.record().outputs == plain.record().outputs
    ranked = [each for each in events(here, "primitive.finished") if each["op"] == "rerank"]
    assert len(ranked) == pieces
    assert (took_ms(here) < took_ms(plain)) == (pieces > 1)
