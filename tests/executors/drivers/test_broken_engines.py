"""Engines that break their contract: the run fails, the service goes on."""

import pytest

from executors.engines.engine import Done, EngineFailed, FirstToken
from executors.engines.scripted import Scripted
from tests.executors.drivers.live import LONG, Live, play, split_words


class Odd(Scripted):
    """An LLM that breaks its contract in a way of one's choice."""

    def __init__(self, way):
        super().__init__("llm")
        self.way = way
        self.starts = 0

    async def start(self):
        self.starts += 1
        if self.way == "will not start" and self.starts == 1:
            raise EngineFailed("engine-unavailable", "no model here.", "Install one.")

    async def run(self, batch):
        request = batch.requests[0]
        match self.way:
            case "says nothing":
                return
            case "breaks":
                raise ZeroDivisionError
            case "answers twice":
                yield Done(request.id, {"text": ""})
                yield Done(request.id, {"text": ""})
            case "answers a stranger":
                yield Done(99, {"text": ""})
            case "forgets a port":
                yield FirstToken(request.id)
                yield Done(request.id, {})
            case "says too much":
                yield Done(request.id, {"text": "x" * 200_000})
            case _:
                async for emission in super().run(batch):
                    yield emission


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("says nothing", "engine-error"),
        ("breaks", "engine-error"),
        ("answers a stranger", "engine-error"),
        ("forgets a port", "bad-reply"),
        ("says too much", "too-large"),
        ("will not start", "engine-unavailable"),
    ],
)
def test_an_engine_that_breaks_its_contract_fails_the_run_not_the_service(
    tmp_path, naive_rag, way, code
):
    async def scenario():
        odd = Odd(way)
        here = Live(tmp_path, {"llm": odd})
        record = await here.finish(await here.submit(naive_rag))
        assert record.status == "failed"
        assert record.problem["code"] == code
        assert record.problem["step"] == "answer"
        assert [type(bug) for bug in here.bugs] == [ZeroDivisionError] * (way == "breaks")
        odd.way = "well"
        assert (await here.finish(await here.submit(naive_rag))).status == "succeeded"
        await here.runner.stop()

    play(scenario)


def test_an_answer_given_twice_does_not_harm_what_was_answered(tmp_path, naive_rag):
    async def scenario():
        here = Live(tmp_path, {"llm": Odd("answers twice")})
        assert (await here.finish(await here.submit(naive_rag))).status == "succeeded"
        assert (await here.finish(await here.submit(naive_rag))).status == "succeeded"
        await here.runner.stop()

    play(scenario)


class Short(Scripted):
    """An embedder that gives fewer vectors than it was given texts."""

    async def run(self, batch):
        async for emission in super().run(batch):
            if isinstance(emission, Done):
                vectors = emission.outputs["vectors"][:-1]
                emission = Done(emission.request, {**emission.outputs, "vectors": vectors})
            yield emission


def test_fewer_rows_than_asked_are_a_bad_reply(tmp_path, naive_rag):
    async def scenario():
        here = Live(tmp_path, {"embedding": Short("embedding")})
        record = await here.finish(await here.submit(naive_rag))
        assert record.problem["code"] == "bad-reply"
        assert "0 vectors for 1 texts" in record.problem["detail"]
        await here.runner.stop()

    play(scenario)


class Alone(Scripted):
    """An embedder that breaks when it is asked for two things at once."""

    async def run(self, batch):
        if len(batch.requests) > 1:
            raise EngineFailed("engine-error", "too much at once")
        async for emission in super().run(batch):
            yield emission


THREE_QUERIES = """
workflow: three
inputs: {q: string}
steps:
  index: {use: index, name: there}
  a: {use: search, index: $index, query: "{{ inputs.q }} a"}
  b: {use: search, index: $index, query: "{{ inputs.q }} b"}
  c: {use: search, index: $index, query: "{{ inputs.q }} c"}
outputs: {a: $a.docs, b: $b.docs, c: $c.docs}
"""


def test_a_lost_batch_with_two_pieces_of_one_run_still_frees_its_slot(tmp_path, plan_of):
    async def scenario():
        here = Live(tmp_path, {"embedding": Alone("embedding")})
        record = await here.finish(await here.submit(plan_of(THREE_QUERIES), {"q": "x"}))
        assert record.problem["detail"] == "too much at once"
        assert all(state.batches == state.waiting == 0 for state in here.runner.pools())
        await here.runner.stop()

    play(scenario)


class Uneven(Scripted):
    """An embedder whose vectors are not of one length."""

    async def run(self, batch):
        async for emission in super().run(batch):
            if isinstance(emission, Done):
                vectors = emission.outputs["vectors"][:, : 1 + batch.id % 7]
                emission = Done(emission.request, {**emission.outputs, "vectors": vectors})
            yield emission


def test_pieces_that_cannot_be_joined_are_a_bad_reply(tmp_path, naive_rag):
    async def scenario():
        here = Live(tmp_path, {"embedding": Uneven("embedding")}, split=split_words)
        record = await here.finish(await here.submit(naive_rag, LONG))
        assert record.problem["code"] == "bad-reply"
        await here.runner.stop()

    play(scenario)
