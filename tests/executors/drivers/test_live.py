"""The live driver on a real event loop: it must tell the same story as virtual time."""

import asyncio
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from executors.engines.engine import Done, EngineFailed, EngineTraits, FirstToken
from executors.engines.inline import Inline
from executors.engines.scripted import Behaviour, Scripted
from executors.errors import NotCancellable, Refused, ValueTooLarge
from executors.pools import Pool
from executors.runner import Runner, RunnerLimits, Submission
from executors.store.memory import MemoryRunStore
from executors.values import Values

DOCUMENTS = [
    {"id": "f", "name": "f.txt", "media_type": "text/plain", "size": 9, "text": "x " * 400}
]
INPUTS = {"documents": DOCUMENTS, "question": "What is said?"}


def one_doc(text, size, overlap, tokenize):
    return [{"id": f"{size}-{overlap}", "text": repr(text)[:9], "meta": {}}]


class Live:
    """A runner over scripted engines, or others in their place."""

    def __init__(self, folder, engines=None, split=one_doc, **limits: Any) -> None:
        self.store = MemoryRunStore(lambda: datetime.now(UTC))
        self.values = Values(folder, 10_000_000, 100_000)
        kinds = ("inline", "embedding", "vector", "llm")
        made = (
            {"inline": Inline(split, lambda text: [])}
            | {kind: Scripted(kind) for kind in kinds[1:]}
            | (engines or {})
        )
        pools = [
            Pool(kind, kind, "throughput", [made[kind]], 1 if kind == "inline" else 8, 100)
            for kind in kinds
        ]
        numbers = count(1)
        bounds = {"runs_max": 100, "deadline_s": 60.0, "journal_entries_max": 10_000} | limits
        self.ended: list[str] = []
        self.runner = Runner(
            pools,
            self.store,
            self.values,
            RunnerLimits(**bounds, retry_after_s=1),
            lambda: f"r{next(numbers)}",
            lambda: datetime.now(UTC),
            self.ended.append,
        )

    async def submit(self, plan, inputs=INPUTS, **more: Any) -> str:
        return await self.runner.submit(Submission("local", "w", "1", plan, inputs, **more))

    async def finish(self, run):
        while (record := self.store.get("local", run)).live:
            await self.store.changed("local", run, record.last_event)
        return record

    async def until(self, run, kind):
        """Wait for the first event of a kind."""
        after = 0
        while True:
            for event in self.store.events("local", run, after):
                if event.kind == kind:
                    return
                after = event.id
            await self.store.changed("local", run, after)


def play(scenario):
    """Run `scenario` to its end; whatever happens in the loop unasked is a failure."""

    async def main():
        strays = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: strays.append(context))
        await scenario()
        assert strays == []

    asyncio.run(main())


def test_live_and_virtual_tell_the_same_story(tmp_path, naive_rag, world):
    there = world()
    there.submit(naive_rag, INPUTS)
    there.run()
    virtual = there.record()

    async def scenario():
        here = Live(tmp_path, split=there.split)
        record = await here.finish(await here.submit(naive_rag))
        assert record.status == "succeeded"
        assert record.outputs == virtual.outputs
        assert record.usage == virtual.usage
        events = here.store.events("local", "r1", limit=1000)
        assert sorted(event.kind for event in events) == sorted(there.kinds())
        await here.runner.stop()

    play(scenario)


def test_many_runs_at_once_each_get_their_own_answer(tmp_path, naive_rag):
    async def scenario():
        here = Live(tmp_path)
        runs = [
            await here.submit(naive_rag, {**INPUTS, "question": f"q{number % 10}"})
            for number in range(60)
        ]
        records = [await here.finish(run) for run in runs]
        assert {record.status for record in records} == {"succeeded"}
        answers = [record.outputs["answer"] for record in records]
        assert all(answers[at] == answers[at % 10] for at in range(60))
        assert len(set(answers)) == 10
        assert all(state.batches == state.waiting == 0 for state in here.runner.pools())
        assert here.values.held == {}
        assert sorted(here.ended) == sorted(runs)
        await here.runner.stop()

    play(scenario)


def test_cancel_reaches_an_engine_that_never_answers(tmp_path, naive_rag):
    async def scenario():
        stuck = Scripted("llm", lambda request: Behaviour(stalls=request.run == "r1"))
        here = Live(tmp_path, {"llm": stuck})
        run = await here.submit(naive_rag)
        await here.until(run, "step.finished")
        other = await here.submit(naive_rag)
        here.runner.cancel("local", run)
        here.runner.cancel("local", run)
        assert (await here.finish(run)).status == "cancelled"
        assert (await here.finish(other)).status == "succeeded"
        here.runner.cancel("local", run)
        with pytest.raises(NotCancellable):
            here.runner.cancel("local", other)
        await here.runner.stop()

    play(scenario)


def test_a_run_cancelled_in_the_moment_it_is_accepted_still_ends(tmp_path, naive_rag):
    async def scenario():
        here = Live(tmp_path)
        run = await here.submit(naive_rag)
        here.runner.cancel("local", run)
        assert (await here.finish(run)).status == "cancelled"
        assert all(state.batches == state.waiting == 0 for state in here.runner.pools())
        await here.runner.stop()

    play(scenario)


def test_a_run_past_its_deadline_expires(tmp_path, naive_rag):
    async def scenario():
        here = Live(
            tmp_path, {"llm": Scripted("llm", lambda _: Behaviour(stalls=True))}, deadline_s=0.05
        )
        record = await here.finish(await here.submit(naive_rag))
        assert record.status == "expired"
        await here.runner.stop()

    play(scenario)


def test_a_full_house_refuses_before_anything_is_written(tmp_path, naive_rag):
    async def scenario():
        here = Live(
            tmp_path, {"llm": Scripted("llm", lambda _: Behaviour(stalls=True))}, runs_max=1
        )
        run = await here.submit(naive_rag)
        with pytest.raises(Refused) as refused:
            await here.submit(naive_rag)
        assert refused.value.code == "too-many-runs"
        assert refused.value.retry_after_s >= 1
        assert [record.id for record in here.store.page("local").items] == [run]
        here.runner.cancel("local", run)
        await here.finish(run)
        assert here.values.held == {}
        await here.runner.stop()

    play(scenario)


def test_an_input_over_the_limit_leaves_nothing_behind(tmp_path, naive_rag):
    async def scenario():
        here = Live(tmp_path)
        with pytest.raises(ValueTooLarge):
            await here.submit(naive_rag, {**INPUTS, "question": "x" * 200_000})
        assert here.store.page("local").items == ()
        assert here.values.held == {}
        await here.runner.stop()

    play(scenario)


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
                emission = Done(emission.request, {"vectors": emission.outputs["vectors"][:-1]})
            yield emission


def test_fewer_rows_than_asked_are_a_bad_reply(tmp_path, naive_rag):
    async def scenario():
        here = Live(tmp_path, {"embedding": Short("embedding")})
        record = await here.finish(await here.submit(naive_rag))
        assert record.problem["code"] == "bad-reply"
        assert "0 vectors for 1 texts" in record.problem["detail"]
        await here.runner.stop()

    play(scenario)


def test_traits_and_queues_are_shown_per_pool(tmp_path):
    async def scenario():
        here = Live(tmp_path)
        states = {state.pool.name: state for state in here.runner.pools()}
        assert isinstance(states["llm"].traits, EngineTraits)
        assert states["llm"].waiting == states["llm"].batches == 0
        await here.runner.stop()

    play(scenario)
