"""Runs in memory: bounded, gapless, awake at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from executors.errors import Refused
from executors.store.errors import BadCursor, FutureEvent, RunOver, Unknown
from executors.store.memory import MemoryRunStore, RunLimits
from executors.store.record import RunRecord

pytestmark = pytest.mark.anyio
START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def accepted(store: MemoryRunStore, *ids: str, tenant: str = "local", **inputs: str) -> None:
    for id in ids:
        await store.accept(RunRecord(id, tenant, "w", "v", inputs, START))


async def ended(store: MemoryRunStore, *ids: str) -> None:
    for id in ids:
        await accepted(store, id)
        store.append(id, "run.finished", {"status": "succeeded"})


async def test_events_count_from_one_without_a_gap(clock):
    store = MemoryRunStore(clock)
    await accepted(store, "a", "b")
    store.append("a", "run.started", {})
    store.append("b", "run.started", {})
    store.append("a", "output.delta", {"output": "o", "text": "x"})
    assert [event.id for event in store.events("local", "a")] == [1, 2, 3]
    assert [event.id for event in store.events("local", "a", after=1, limit=1)] == [2]
    assert store.events("local", "a", after=3) == ()


async def test_events_of_the_future_are_refused(clock):
    store = MemoryRunStore(clock)
    await accepted(store, "a")
    with pytest.raises(FutureEvent) as caught:
        store.events("local", "a", after=2)
    assert caught.value.last == 1


async def test_another_tenants_run_is_unknown(clock):
    store = MemoryRunStore(clock)
    await accepted(store, "a", tenant="other")
    for ask in (store.get, store.events):
        with pytest.raises(Unknown):
            ask("local", "a")
    assert store.page("local").items == ()


async def test_an_id_is_taken_once(clock):
    store = MemoryRunStore(clock)
    await accepted(store, "a")
    with pytest.raises(ValueError, match="accepted before"):
        await accepted(store, "a", tenant="other")


async def test_nothing_is_written_after_the_end(clock):
    store = MemoryRunStore(clock)
    await ended(store, "a")
    for kind in ("output.delta", "run.finished", "run.cancelling"):
        with pytest.raises(RunOver):
            store.append("a", kind, {"status": "failed", "output": "o", "text": ""})
    assert len(store.events("local", "a")) == 2


async def test_whoever_waits_is_woken_by_the_next_event(clock):
    store = MemoryRunStore(clock)
    await accepted(store, "a")
    waiting = [asyncio.create_task(store.changed("local", "a", 1)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    store.append("a", "run.started", {})
    await asyncio.gather(*waiting)


async def test_nobody_waits_for_what_has_happened(clock):
    store = MemoryRunStore(clock)
    await ended(store, "a")
    await store.changed("local", "a", 0)
    await store.changed("local", "a", 2)


async def test_a_waiter_that_gives_up_leaves_nothing_behind(clock):
    store = MemoryRunStore(clock)
    await accepted(store, "a")
    waiting = asyncio.create_task(store.changed("local", "a", 1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    store.append("a", "run.started", {})


async def test_the_store_settles_when_the_last_run_ends(clock):
    store = MemoryRunStore(clock)
    await store.settled()
    await accepted(store, "a", "b")
    waiting = asyncio.create_task(store.settled())
    store.append("a", "run.finished", {"status": "failed"})
    await asyncio.sleep(0)
    assert not waiting.done()
    store.append("b", "run.finished", {"status": "cancelled"})
    await waiting


async def test_ended_runs_make_room_the_longest_ended_first(clock):
    store = MemoryRunStore(clock, RunLimits(runs_max=3))
    await accepted(store, "live")
    await ended(store, "a", "b", "c")
    assert [run.id for run in store.page("local").items] == ["c", "b", "live"]
    with pytest.raises(Unknown):
        store.append("a", "run.started", {})


async def test_only_live_runs_left_is_a_refusal(clock):
    store = MemoryRunStore(clock, RunLimits(live_max=2))
    await accepted(store, "a", "b")
    with pytest.raises(Refused) as caught:
        await accepted(store, "c")
    assert caught.value.code == "too-many-runs"
    with pytest.raises(Unknown):
        store.get("local", "c")
    store.append("a", "run.finished", {"status": "succeeded"})
    await accepted(store, "c")


async def test_bytes_of_live_runs_are_bounded(clock):
    store = MemoryRunStore(clock, RunLimits(bytes_max=20_000))
    await accepted(store, "a", text="x" * 15_000)
    with pytest.raises(Refused) as caught:
        await accepted(store, "b", text="x" * 15_000)
    assert caught.value.code == "store-full"


async def test_bytes_of_ended_runs_make_room(clock):
    store = MemoryRunStore(clock, RunLimits(bytes_max=20_000))
    await accepted(store, "a", text="x" * 15_000)
    store.append("a", "run.finished", {"status": "succeeded"})
    await accepted(store, "b", text="x" * 15_000)
    assert [run.id for run in store.page("local").items] == ["b"]


async def test_old_runs_are_forgotten(clock):
    store = MemoryRunStore(clock, RunLimits(age_max=timedelta(hours=1)))
    await ended(store, "a")
    await accepted(store, "live")
    clock.at += timedelta(hours=2)
    with pytest.raises(Unknown):
        store.get("local", "a")
    assert store.get("local", "live").live


async def test_pieces_of_output_are_bounded_and_control_events_are_not(clock):
    store = MemoryRunStore(clock, RunLimits(deltas_max=2))
    await accepted(store, "a")
    piece = {"output": "o", "text": "x"}
    kept = [store.append("a", "output.delta", piece) for _ in range(4)]
    assert [event and event.id for event in kept] == [2, 3, None, None]
    assert store.append("a", "output.finished", {"output": "o", "value": "xxxx"}).id == 4


async def test_pages_stay_stable_while_runs_are_added(clock):
    store = MemoryRunStore(clock)
    await accepted(store, *"abcde")
    first = store.page("local", limit=2)
    await accepted(store, *"fgh")
    second = store.page("local", limit=2, cursor=first.next_cursor)
    third = store.page("local", limit=2, cursor=second.next_cursor)
    seen = [run.id for page in (first, second, third) for run in page.items]
    assert seen == ["e", "d", "c", "b", "a"]
    assert third.next_cursor is None


async def test_pages_are_filtered(clock):
    store = MemoryRunStore(clock)
    await ended(store, "a")
    await accepted(store, "b")
    await store.accept(RunRecord("c", "local", "other", "v", {}, START))
    assert [run.id for run in store.page("local", status="queued").items] == ["c", "b"]
    assert [run.id for run in store.page("local", workflow="w").items] == ["b", "a"]


@pytest.mark.parametrize("cursor", ["", "x", "cg==", "cjE=x", "ü", "cvzv", "cuKCgg==", "cg" * 40])
def test_a_cursor_of_someone_elses_making_is_refused(clock, cursor):
    with pytest.raises(BadCursor):
        MemoryRunStore(clock).page("local", cursor=cursor)


async def test_the_end_of_a_run_is_told_once(clock):
    told: list[str] = []
    store = MemoryRunStore(clock, ended=lambda run: told.append(run.status))
    await ended(store, "a")
    assert told == ["succeeded"]


async def test_pieces_of_output_of_live_runs_are_bounded_in_bytes_too(clock):
    store = MemoryRunStore(clock, RunLimits(bytes_max=20_000))
    await ended(store, "old")
    await accepted(store, "a")
    piece = {"output": "o", "text": "x" * 6_000}
    kept = [store.append("a", "output.delta", piece) for _ in range(5)]
    assert [event is not None for event in kept] == [True, True, True, False, False]
    assert [run.id for run in store.page("local").items] == ["a"]
    assert store.append("a", "output.finished", {"output": "o", "value": "x"}).id == 5
