"""The live driver on a real event loop: it must tell the same story as virtual time."""

import asyncio
from datetime import UTC, datetime

import pytest

from executors.engines.engine import EngineTraits
from executors.engines.scripted import Behaviour, Scripted
from executors.errors import NotCancellable, Refused, ValueTooLarge
from executors.store.memory import MemoryRunStore
from tests.executors.drivers.live import INPUTS, LONG, Live, play, split_words


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


def test_traits_and_queues_are_shown_per_pool(tmp_path):
    async def scenario():
        here = Live(tmp_path)
        states = {state.pool.name: state for state in here.runner.pools()}
        assert isinstance(states["llm"].traits, EngineTraits)
        assert states["llm"].waiting == states["llm"].batches == 0
        await here.runner.stop()

    play(scenario)


def test_stopping_asks_no_engine_for_anything_more(tmp_path, naive_rag):
    async def scenario():
        asked = []

        def behave(request):
            asked.append(request.run)
            return Behaviour(stalls=True)

        here = Live(tmp_path, {"embedding": Scripted("embedding", behave, batch_rows_max=8)})
        for _ in range(3):
            await here.submit(naive_rag)
        await asyncio.sleep(0)
        before = len(asked)
        await here.runner.stop()
        await asyncio.sleep(0)
        assert len(asked) == before
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert {run.status for run in here.store.page("local").items} == {"running"}

    play(scenario)


class SlowStore(MemoryRunStore):
    """A store whose word comes some time after the deed, as a database's does."""

    def __init__(self):
        super().__init__(lambda: datetime.now(UTC))
        self.written, self.said = asyncio.Event(), asyncio.Event()

    async def accept(self, record):
        await super().accept(record)
        self.written.set()
        await self.said.wait()


def test_a_run_cancelled_before_its_acceptance_is_known_still_ends_cancelled(tmp_path, naive_rag):
    async def scenario():
        store = SlowStore()
        here = Live(tmp_path, store=store)
        submitting = asyncio.create_task(here.submit(naive_rag))
        await store.written.wait()
        here.runner.cancel("local", "r1")
        store.said.set()
        assert (await here.finish(await submitting)).status == "cancelled"
        await here.runner.stop()

    play(scenario)


def test_a_run_that_was_accepted_goes_on_when_the_one_who_asked_has_left(tmp_path, naive_rag):
    async def scenario():
        store = SlowStore()
        here = Live(tmp_path, store=store)
        submitting = asyncio.create_task(here.submit(naive_rag))
        await store.written.wait()
        submitting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await submitting
        store.said.set()
        assert (await here.finish("r1")).status == "succeeded"
        await here.runner.stop()

    play(scenario)


def test_a_value_that_disk_will_not_take_fails_its_run_and_no_other(tmp_path, naive_rag):
    async def scenario():
        (tmp_path / "values").write_text("a file where the folder should be")
        here = Live(tmp_path / "values", split=split_words)
        here.values.memory_bytes_max = 40_000
        record = await here.finish(await here.submit(naive_rag, LONG))
        assert record.problem["code"] == "storage-failed"
        assert here.values.memory_bytes == 0
        assert (await here.finish(await here.submit(naive_rag))).status == "succeeded"
        await here.runner.stop()

    play(scenario)
