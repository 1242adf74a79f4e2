"""The emulated engine on a real clock: its contract in every kind, and what it says."""

import asyncio

import numpy as np
import pytest
import uvloop

from executors.engines.emulated import Emulated
from executors.engines.emulation.calls import Lengths
from executors.engines.emulation.profiles import PROFILES, kind_of, sped_up
from executors.engines.engine import Batch, Done, Engine, Request
from executors.replies import complete
from executors.scheduler.events import BatchId
from tests.executors.engines.contract import EngineContract, answers
from tests.executors.engines.good_requests import PERSON, ask, good_requests


def made(model: str, **lengths: float) -> Emulated:
    return Emulated(sped_up(PROFILES[model], 100), Lengths(**lengths) if lengths else None)


class Emulations(EngineContract):
    off_loop = False
    model = ""

    def make(self) -> Engine:
        return made(self.model)

    def good(self) -> list[Request]:
        return good_requests(kind_of(PROFILES[self.model]))

    def bad(self) -> list[Request]:
        return [ask(1, "fly")]


class TestEmulatedEmbedding(Emulations):
    model = "bge-large-3090"


class TestEmulatedVector(Emulations):
    model = "pgvector"


class TestEmulatedRerank(Emulations):
    model = "bge-reranker-large-3090"


class TestEmulatedWeb(Emulations):
    model = "search-api"


class TestEmulatedLLM(Emulations):
    model = "llama-3.1-8b-4090"

    def bad(self) -> list[Request]:
        return [ask(1, "prefill", prompt="x"), ask(2, "decode", prompt="x" * 1_000_000)]


class TestEmulatedLLMWithoutChunks(TestEmulatedLLM):
    model = "llama-2-7b-3090"


def reply(model: str = "llama-3.1-8b-4090", lengths: dict[str, float] | None = None, **args):
    """Return what one call gives, and what it used."""

    async def scenario():
        engine = made(model, **(lengths or {}))
        await engine.start()
        try:
            request = ask(1, "decode", **args)
            (end,) = (await answers(engine, request)).values()
        finally:
            await engine.stop()
        assert isinstance(end, Done)
        return dict(complete(request, end.outputs)), end.usage

    return asyncio.run(scenario())


def test_replies_have_as_many_tokens_as_they_are_to_have():
    for tokens in (1, 7, 64):
        outputs, usage = reply(lengths={"median": tokens}, prompt="x" * 41)
        assert len(outputs["text"]) == 4 * tokens
        assert (usage.tokens_in, usage.tokens_out) == (-(-len("<user>" + "x" * 41) // 4), tokens)


def test_no_more_is_said_than_max_tokens():
    outputs, usage = reply(prompt="x", max_tokens=3)
    assert usage.tokens_out == 3
    assert len(outputs["text"]) == 12
    assert usage.replies_cut == 1


def test_a_reply_that_ends_by_itself_is_not_cut():
    _, usage = reply(lengths={"median": 3}, prompt="x", max_tokens=3)
    assert (usage.tokens_out, usage.replies_cut) == (3, 0)


def test_lists_have_the_items_asked_for_each_of_its_length():
    outputs, _ = reply(lengths={"item": 5}, prompt="x", form="list", items=4)
    assert len(set(outputs["items"])) == 4
    assert {len(item) for item in outputs["items"]} <= {19, 20}


def test_objects_meet_their_schema():
    outputs, _ = reply(prompt="x", form="json", schema=PERSON)
    assert set(outputs["value"]) == {"name", "age", "kind"}


def test_what_is_said_ends_before_a_stop_string():
    whole, _ = reply(prompt="x")
    part, _ = reply(prompt="x", stop=[" "])
    assert " " in whole["text"]
    assert " " not in part["text"]


def test_lengths_that_vary_are_the_same_for_the_same_call():
    lengths = {"median": 40, "sigma": 0.7}
    drawn = [reply(lengths=lengths, prompt=f"call {n}")[1].tokens_out for n in range(8)]
    assert len(set(drawn)) > 4
    assert drawn == [reply(lengths=lengths, prompt=f"call {n}")[1].tokens_out for n in range(8)]


class Watched(Emulated):
    """Counts how often its future is asked what was said."""

    asked = 0

    def timeline(self):
        timeline = super().timeline()
        advance = timeline.advance

        def counted(now: float):
            self.asked += 1
            return advance(now)

        timeline.advance = counted
        return timeline


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_loop_whose_clock_is_coarse_is_woken_once_a_step(run):
    async def scenario() -> None:
        engine = Watched(sped_up(PROFILES["llama-3.1-8b-4090"], 20), Lengths(median=50))
        await engine.start()
        (end,) = (await answers(engine, ask(1, "decode", prompt="x"))).values()
        await engine.stop()
        assert len(end.outputs["text"]) == 200
        assert engine.asked <= 50 + 2

    run(scenario())


def test_it_says_that_it_is_emulated():
    for model, profile in PROFILES.items():
        traits = Emulated(profile).traits
        assert traits.kind == kind_of(profile)
        assert traits.model == f"emulated {model}"


def test_other_inputs_give_other_outputs():
    async def scenario() -> None:
        engine = made("bge-large-3090")
        await engine.start()
        asked = [ask(1, "embed", texts=["a"]), ask(2, "embed", texts=["b"])]
        found = [each async for each in engine.run(Batch(BatchId(1), tuple(asked)))]
        first, second = (each.outputs["vectors"] for each in found if isinstance(each, Done))
        assert not np.array_equal(first, second)
        await engine.stop()

    asyncio.run(scenario())
