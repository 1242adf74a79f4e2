"""A list that is taken as a whole, row by row: each query is embedded and searched as it closes.

What each comes to is held against the plain run in `tests/equivalence`.
"""

import asyncio
import json
from functools import partial

import numpy as np
import pytest

from executors.engines.engine import Done, EngineFailed
from executors.engines.scripted import Behaviour, Scripted
from executors.scheduler.commands import Dispatch
from planner.passes.names import DECODING, DEFAULT
from planner.pieces import PIECES_MAX
from planner.pools import PoolFacts
from spec.source import Source
from tests.executors.drivers.live import Live, play
from tests.executors.drivers.pipelined import (
    STREAMING,
    Here,
    by_attempt,
    finished,
    plan_of,
    ran,
    says,
    takes,
    told,
    world_of,
)
from tests.executors.drivers.saying import Breaks, Saying

SEARCHES = b"""
module: searches
inputs: {index: index, queries: "string[]"}
steps:
  vectors: {op: embed, texts: $inputs.queries}
  hits: {op: search, index: $inputs.index, vectors: $vectors.vectors, queries: $inputs.queries,
    top_k: 1}
outputs: {docs: $hits.docs}
"""
SHARED = b"""
module: twice
inputs: {index: index, queries: "string[]"}
steps:
  vectors: {op: embed, texts: $inputs.queries}
  one: {op: search, index: $inputs.index, vectors: $vectors.vectors, top_k: 1}
  two: {op: search, index: $inputs.index, vectors: $vectors.vectors, top_k: 2}
outputs: {docs: [$one.docs, $two.docs]}
"""
RANKS = b"""
module: ranks
inputs: {docs: any}
steps:
  scored: {op: rerank, query: Which?, docs: $inputs.docs, top_k: 2}
outputs: {docs: $scored.docs}
"""
HEAD = """
workflow: w
inputs: {chunks: "doc[]"}
steps:
  index: {use: index, chunks: $inputs.chunks}
"""
CHUNKS = {"chunks": [{"id": "x", "text": "x", "meta": {}}]}
LIST = "  l: {use: llm.list, prompt: List, items: 3}\n"
HITS = "  hits: {use: searches, index: $index, queries: $l.items}\n"
OUTPUTS = "{x: $hits.docs, l: $l.items}"
ITEMS = '["a", "b", "c"]'
THREE = ['["a", ', '"b"', ', "c"]']


def page(steps=LIST + HITS, outputs=OUTPUTS):
    return f"{HEAD}{steps}outputs: {outputs}\n"


@pytest.fixture(scope="module")
def plan(registry):
    modules = registry
    for module in (SEARCHES, SHARED, RANKS):
        modules = modules.with_module(Source("module.yaml", module, "yaml"))

    def build(text, passes=DEFAULT, pools=STREAMING):
        return plan_of(text, modules, passes, pools)

    return build


@pytest.fixture
def here(tmp_path):
    return partial(world_of, tmp_path / "values")


@pytest.fixture
def plainly(tmp_path, plan):
    """Return what a page comes to where a list is waited for as a whole."""

    def run(text, model, **behaviours):
        world = world_of(tmp_path / "plain", model, **behaviours)
        return ran(world, plan(text, DEFAULT - {DECODING}), CHUNKS)

    return run


def searched(world):
    return [(id, when) for id, op, when in told(world) if op == "search"]


def test_each_query_is_embedded_and_searched_as_it_closes(here, plan, plainly):
    world = here(says(*THREE), embedding=takes(0.2), vector=takes(0.1))
    record = ran(world, plan(page()), CHUNKS)
    assert record.outputs == plainly(page(), says(*THREE)).outputs
    assert len(record.outputs["x"]) == 3
    assert searched(world) == [
        ("hits.hits[0]", 1.3),
        ("hits.hits[1]", 3.3),
        ("hits.hits[2]", 3.5),
    ]
    assert finished(world, "decode") == [3.0]


def test_without_the_pass_the_whole_is_asked_for_once_at_the_end(here, plan):
    world = here(says(*THREE))
    ran(world, plan(page(), DEFAULT - {DECODING}), CHUNKS)
    assert searched(world) == [("hits.hits", 3.0)]


def test_what_closes_while_an_engine_is_busy_leaves_together(here, plan):
    world = here(says('["a", ', '"b", "c", ', '"d"]'), embedding=takes(1.5))
    record = ran(world, plan(page(LIST.replace("3", "4") + HITS)), CHUNKS)
    assert record.outputs["l"] == ["a", "b", "c", "d"]
    left = [
        [piece.task.unit for piece in command.pieces]
        for entry in world.journal
        for command in entry.commands
        if isinstance(command, Dispatch) and command.pool == "embedding"
    ]
    first, *rest = (f"hits.vectors[{at}]" for at in range(4))
    assert left == [["index.vectors"], [first], rest]


def test_a_query_waits_for_an_index_that_is_later(here, plan, plainly):
    world = here(says(*THREE), vector=takes(5.0))
    record = ran(world, plan(page()), CHUNKS)
    assert record.outputs == plainly(page(), says(*THREE)).outputs
    assert finished(world, "embed") == [0.0, 1.0, 3.0, 3.0]
    assert finished(world, "ingest") == [5.0]


RETRIED = LIST.replace("items: 3", "retry: 1")


@pytest.mark.parametrize("second", [["z"], ["z", "y", "x"], ["a", "y"], []])
def test_what_was_begun_is_taken_back_when_the_list_is_asked_for_again(here, plan, plainly, second):
    model = by_attempt(['["a", ', '"b", ', Breaks()], [json.dumps(second)])
    world = here(model)
    record = ran(world, plan(page(RETRIED + HITS)), CHUNKS)
    assert record.outputs == plainly(page(RETRIED + HITS), says(json.dumps(second))).outputs
    assert record.outputs["l"] == second
    assert [id for id, _ in searched(world)][:2] == ["hits.hits[0]", "hits.hits[1]"]
    assert len(searched(world)) == 2 + max(1, len(second))


@pytest.mark.parametrize("transient", [True, False])
def test_what_was_begun_is_taken_back_when_another_list_stands_in(here, plan, transient):
    asked = "  l: {use: llm.list, prompt: List, retry: 1, fallback: {items: [z]}}\n"
    model = by_attempt(['["a", ', '"b", ', Breaks(transient=transient)])
    record = ran(here(model), plan(page(asked + HITS)), CHUNKS)
    assert record.outputs["l"] == ["z"]
    assert len(record.outputs["x"]) == 1


def test_a_block_that_is_tried_again_takes_back_what_is_inside_it(here, plan, plainly):
    block = (
        "  s:\n    retry: 1\n    steps:\n      l: {use: llm.list, prompt: List}\n"
        "      hits: {use: searches, index: $index, queries: $l.items}\n"
        "    outputs: {docs: $hits.docs}\n"
    )
    text = page(block, "{x: $s.docs}")
    model = by_attempt(['["a", ', '"b", ', Breaks()], ['["z", "y"]'])
    assert ran(here(model), plan(text), CHUNKS).outputs == plainly(text, says('["z", "y"]')).outputs


def fails_for(query, *, transient=False):
    """Return an embedding model to which one text is too much, once or for ever."""

    def behave(request):
        broken = request.args["texts"] == [query] and not (transient and request.attempt)
        return Behaviour(fault="engine-error" if broken else None, transient=transient)

    return behave


def test_what_fails_for_an_item_is_decided_about_when_the_list_is_accepted(here, plan):
    asked = "  l: {use: llm.list, prompt: List, fallback: {items: [z]}}\n"
    model = says('["a", ', '"b", ', Breaks())
    record = ran(here(model, embedding=fails_for("a")), plan(page(asked + HITS)), CHUNKS)
    assert record.outputs["l"] == ["z"]


def test_what_fails_for_an_item_fails_the_run_once_the_list_is_whole(here, plan):
    world = here(says(*THREE), embedding=fails_for("a"))
    record = ran(world, plan(page()), CHUNKS)
    assert record.status == "failed"
    assert record.problem["primitive"] == "hits.vectors[0]"
    assert finished(world, "decode") == [3.0]


def test_an_attempt_around_list_and_rows_is_used_up_once_the_list_is_whole(here, plan, plainly):
    block = (
        "  s:\n    retry: 1\n    steps:\n      l: {use: llm.list, prompt: List}\n"
        "      hits: {use: searches, index: $index, queries: $l.items}\n"
        "    outputs: {docs: $hits.docs}\n"
    )
    text = page(block, "{x: $s.docs}")
    world = here(says(*THREE), embedding=fails_for("b", transient=True))
    assert ran(world, plan(text), CHUNKS).outputs == plainly(text, says(*THREE)).outputs


@pytest.mark.parametrize("asked", ["", "min_items: 3, "])
def test_a_list_that_is_shorter_than_asked_for(here, plan, asked):
    step = f"  l: {{use: llm.list, prompt: List, {asked}items: 5}}\n"
    record = ran(here(says('["a", ', '"b"]', " Sorry.")), plan(page(step + HITS)), CHUNKS)
    if asked:
        assert record.problem["code"] == "too-few-items"
    else:
        assert record.outputs["l"] == ["a", "b"]
        assert len(record.outputs["x"]) == 2


@pytest.mark.parametrize("tail", ['{"not": "a text"}]', "nonsense]", "12"])
def test_a_malformed_tail_comes_to_the_same_as_plainly(here, plan, plainly, tail):
    pipelined = ran(here(says('["a", ', '"b", ', *tail)), plan(page()), CHUNKS)
    plain = plainly(page(), says('["a", ', '"b", ', *tail))
    assert (pipelined.status, pipelined.outputs) == (plain.status, plain.outputs)
    assert (pipelined.problem or {}).get("code") == (plain.problem or {}).get("code")


@pytest.mark.parametrize("reply", ["[]", '["a"]', ITEMS])
def test_a_list_that_comes_at_once_is_no_other(here, plan, plainly, reply):
    record = ran(here(says(reply)), plan(page()), CHUNKS)
    assert record.outputs == plainly(page(), says(reply)).outputs
    assert record.outputs["l"] == json.loads(reply)


def test_there_are_as_many_pieces_as_items(here, plan, plainly):
    words = [f"w{number}" for number in range(PIECES_MAX + 20)]
    pieces = ["[", *(f'"{word}", ' for word in words[:50]), json.dumps(words[50:])[1:]]
    asked = "  l: {use: llm.list, prompt: List}\n"
    record = ran(here(says(*pieces)), plan(page(asked + HITS)), CHUNKS)
    assert record.outputs == plainly(page(asked + HITS), says(*pieces)).outputs
    assert record.outputs["l"] == words


@pytest.mark.parametrize("at", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
def test_cancelled_in_the_middle_nothing_is_left(here, plan, at):
    world = here(says(*THREE, "", ""), embedding=takes(0.7), vector=takes(0.7))
    world.cancel("r1", at)
    assert ran(world, plan(page()), CHUNKS).status == "cancelled"


def test_a_list_is_ended_once_it_is_closed(here, plan):
    world = here(says(*THREE, " Anything", " else?"))
    assert ran(world, plan(page()), CHUNKS).usage.tokens_out == 3
    assert finished(world, "decode") == [3.0]


def test_elements_of_another_list_have_pieces_of_their_own(here, plan, plainly):
    around = (
        "  o:\n    for_each: [a, b, c, d, e]\n    steps:\n"
        '      l: {use: llm.list, prompt: "{{ item }}"}\n'
        "      hits: {use: searches, index: $index, queries: $l.items}\n"
        "    outputs: {docs: $hits.docs}\n"
    )

    def say(request):
        word = request.args["prompt"]
        return [f'["{word}1", ', f'"{word}2", ', '"3"]']

    text = page(around, "{x: $o.docs}")
    world = here(Saying(say))
    assert ran(world, plan(text), CHUNKS).outputs == plainly(text, Saying(say)).outputs
    assert len(searched(world)) == 15


@pytest.mark.parametrize("judges", [True, False])
def test_passages_that_a_model_writes_are_ranked_as_they_close(here, plan, plainly, judges):
    """Where each is judged for itself; else what is beside a passage counts."""
    ranked = """\
  l:
    use: llm.list
    prompt: List
    schema: {id: string, text: string, meta: object}
  best: {use: ranks, docs: $l.items}
"""
    docs = [{"id": f"d{at % 3}", "text": f"{at % 3}", "meta": {}} for at in range(4)]
    pieces = ["[", *(f"{json.dumps(doc)}," for doc in docs[:3]), f"{json.dumps(docs[3])}]"]
    text = page(ranked, "{x: $best.docs}")
    facts = {**STREAMING.facts, "rerank": PoolFacts(deterministic=True, pointwise=judges)}
    pools = type(STREAMING)(STREAMING.kinds, STREAMING.default, facts)
    world = here(says(*pieces))
    record = ran(world, plan(text, pools=pools), CHUNKS)
    assert record.outputs == plainly(text, says(*pieces)).outputs
    assert finished(world, "rerank") == ([2.0, 3.0, 4.0, 5.0] if judges else [5.0])


@pytest.mark.parametrize("reply", [THREE, ["[]"], [ITEMS]])
def test_vectors_that_several_read_are_made_ahead_and_joined(here, plan, plainly, reply):
    text = page(LIST + HITS.replace("searches", "twice"))
    world = here(says(*reply))
    assert ran(world, plan(text), CHUNKS).outputs == plainly(text, says(*reply)).outputs
    if reply is THREE:
        assert finished(world, "embed") == [0.0, 1.0, 3.0, 3.0]
        assert [id for id, _ in searched(world)] == ["hits.one", "hits.two"]


class Uneven(Scripted):
    """An embedding model whose vectors have as many numbers as a text has letters."""

    def script(self, batch, random):
        for request in batch.requests:
            texts = request.args["texts"]
            yield 0.0, Done(request.id, {"vectors": np.ones((len(texts), len(texts[0])))})


def test_vectors_that_do_not_fit_together_are_a_bad_reply(tmp_path, plan):
    class Other(Here):
        model = says('["a", ', '"bb"]')

        def _engine(self, name):
            return Uneven("embedding") if name == "embedding" else super()._engine(name)

    world = Other(1, tmp_path, {}, "throughput", 1, 1, 10, 1000)
    text = page(LIST.replace("3", "2") + HITS.replace("searches", "twice"))
    assert ran(world, plan(text), CHUNKS).problem["code"] == "bad-reply"


def test_live_the_first_search_starts_before_the_last_item_is_said(tmp_path, plan):
    """By order, not by time: the last item is not said until a search was asked for."""

    class Waiting(Saying):
        async def run(self, batch):
            async for emission in super().run(batch):
                if self.said == 3:
                    await asked.wait()
                yield emission

    def behave(request):
        if request.op == "search":
            asked.set()
        return Behaviour()

    async def scenario():
        engines = {"llm": Waiting(lambda request: THREE), "vector": Scripted("vector", behave)}
        live = Live(tmp_path, engines, deadline_s=20.0)
        record = await live.finish(await live.submit(plan(page()), CHUNKS))
        assert record.status == "succeeded", record.problem
        assert record.outputs["l"] == ["a", "b", "c"]
        await live.runner.stop()
        assert EngineFailed not in map(type, live.bugs)

    asked = asyncio.Event()
    play(scenario)
