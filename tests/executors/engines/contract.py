"""What every engine adapter must keep, whatever it is.

To put an adapter under the contract, subclass in a test file of its own:

    class TestMyEngine(EngineContract):
        def make(self): return MyEngine(...)            # fresh, not started
        def good(self): return [Request(...), ...]      # at least two, fit to share a batch
        def bad(self): return [Request(...), ...]       # each must be answered with a Fault

`good` is called anew for each use and must always describe the same requests. Where requests need
something that exists (an index, a file), `make` prepares it and `good` may read it from `self`.
`off_loop = False` says that the work is so little that it is done on the event loop itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from executors.engines.engine import (
    Batch,
    Delta,
    Done,
    Emission,
    Engine,
    Fault,
    FirstToken,
    Request,
)
from executors.scheduler.events import BatchId

DECIMALS = 5
KINDS = {"llm", "embedding", "rerank", "vector", "web", "http", "tool", "inline"}


def batch(*requests: Request) -> Batch:
    return Batch(BatchId(1), requests)


async def emissions(engine: Engine, *requests: Request) -> list[Emission]:
    return [emission async for emission in engine.run(batch(*requests))]


async def answers(engine: Engine, *requests: Request) -> dict[int, Done | Fault]:
    seen = await emissions(engine, *requests)
    ends = [emission for emission in seen if isinstance(emission, Done | Fault)]
    assert sorted(end.request for end in ends) == sorted(request.id for request in requests)
    return {end.request: end for end in ends}


async def outputs(engine: Engine, *requests: Request) -> dict[int, Any]:
    found = await answers(engine, *requests)
    faults = [end for end in found.values() if isinstance(end, Fault)]
    assert not faults
    return {id: rounded(dict(end.outputs)) for id, end in found.items() if isinstance(end, Done)}


def end_of(engine: Engine, request: Request) -> Done | Fault:
    """Return what becomes of one request to an engine that is started for it."""

    async def scenario() -> Done | Fault:
        try:
            await engine.start()
            return (await answers(engine, request))[request.id]
        finally:
            await engine.stop()

    return asyncio.run(scenario())


def rounded(value: Any) -> Any:
    """Return `value` as plain data that `==` can compare, numbers to five decimals."""
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, (np.round(value, DECIMALS) + 0.0).tolist()]
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


def close(left: Any, right: Any) -> bool:
    """Say whether two rounded values are equal but for the last decimal kept."""
    if isinstance(left, float) and isinstance(right, float):
        return abs(left - right) < 1.5 * 10**-DECIMALS
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(close(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(close, left, right))
    return bool(left == right)


class EngineContract:
    off_loop = True

    def make(self) -> Engine:
        raise NotImplementedError

    def good(self) -> list[Request]:
        raise NotImplementedError

    def bad(self) -> list[Request]:
        raise NotImplementedError

    def during(self, scenario: Callable[[Engine], Awaitable[None]]) -> None:
        async def whole() -> None:
            engine = self.make()
            try:
                await engine.start()
                await scenario(engine)
            finally:
                await engine.stop()

        asyncio.run(whole())

    def test_its_traits_are_facts(self) -> None:
        traits = self.make().traits
        assert traits.name
        assert traits.model
        assert traits.kind in KINDS
        assert traits.ops
        assert traits.slots >= 1
        assert traits.batch_rows_max >= 1
        assert {request.op for request in self.good()} <= traits.ops

    def test_every_request_is_answered_exactly_once(self) -> None:
        async def scenario(engine: Engine) -> None:
            requests = self.good()
            assert len(requests) >= 2
            assert set(await outputs(engine, *requests)) == {request.id for request in requests}

        self.during(scenario)

    def test_nothing_follows_the_end_of_a_request(self) -> None:
        async def scenario(engine: Engine) -> None:
            ended, begun, texts = set(), set(), {}
            for emission in await emissions(engine, *self.good()):
                assert emission.request not in ended
                match emission:
                    case FirstToken(request):
                        assert request not in begun
                        begun.add(request)
                    case Delta(request, text):
                        assert engine.traits.streams
                        texts[request] = texts.get(request, "") + text
                    case Done(request, given):
                        ended.add(request)
                        if request in texts:
                            assert given["text"] == texts[request]
                    case Fault(request):
                        ended.add(request)

        self.during(scenario)

    def test_a_batch_answers_as_its_requests_would_alone(self) -> None:
        async def scenario(engine: Engine) -> None:
            together = await outputs(engine, *self.good())
            backwards = await outputs(engine, *reversed(self.good()))
            for request in self.good():
                alone = await outputs(engine, request)
                assert close(together[request.id], alone[request.id])
                assert close(backwards[request.id], alone[request.id])
                if engine.traits.batch_invariant:
                    assert together[request.id] == backwards[request.id] == alone[request.id]

        self.during(scenario)

    def test_a_deterministic_engine_repeats_itself(self) -> None:
        async def scenario(engine: Engine) -> None:
            if engine.traits.deterministic:
                first = await outputs(engine, *self.good())
                assert first == await outputs(engine, *self.good())

        self.during(scenario)

    def test_a_bad_request_is_a_fault_and_its_neighbours_are_answered(self) -> None:
        async def scenario(engine: Engine) -> None:
            good, bad = self.good(), self.bad()
            fresh = 1 + max(request.id for request in good)
            bad = [replace(request, id=fresh + at) for at, request in enumerate(bad)]
            assert bad
            found = await answers(engine, *bad[:1], *good, *bad[1:])
            for request in good:
                assert isinstance(found[request.id], Done)
            for request in bad:
                fault = found[request.id]
                assert isinstance(fault, Fault)
                assert fault.code
                assert fault.detail

        self.during(scenario)

    def test_an_empty_batch_ends_at_once(self) -> None:
        async def scenario(engine: Engine) -> None:
            assert await emissions(engine) == []

        self.during(scenario)

    def test_a_batch_closed_early_frees_the_engine(self) -> None:
        async def scenario(engine: Engine) -> None:
            for _ in range(engine.traits.slots + 1):
                stream = engine.run(batch(*self.good()))
                await anext(aiter(stream))
                await stream.aclose()  # type: ignore[attr-defined]
            assert set(await outputs(engine, *self.good()))

        self.during(scenario)

    def test_a_cancelled_batch_frees_the_engine(self) -> None:
        async def scenario(engine: Engine) -> None:
            for _ in range(engine.traits.slots + 1):
                task = asyncio.create_task(emissions(engine, *self.good()))
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert set(await outputs(engine, *self.good()))

        self.during(scenario)

    def test_the_event_loop_goes_on_while_a_batch_is_worked_on(self) -> None:
        async def scenario(engine: Engine) -> None:
            turns = 0
            stream = aiter(engine.run(batch(*self.good())))
            first = asyncio.ensure_future(anext(stream))
            while not first.done():
                turns += 1
                await asyncio.sleep(0)
            # Finished within one turn would mean: worked out on the loop.
            assert turns > 1 or not self.off_loop
            assert [await first, *[emission async for emission in stream]]

        self.during(scenario)

    def test_starting_twice_changes_nothing(self) -> None:
        async def scenario(engine: Engine) -> None:
            before = await outputs(engine, *self.good())
            await engine.start()
            assert close(before, await outputs(engine, *self.good()))

        self.during(scenario)

    def test_it_can_be_stopped_twice_or_without_a_start(self) -> None:
        async def whole() -> None:
            engine = self.make()
            await engine.stop()
            await engine.start()
            await engine.stop()
            await engine.stop()

        asyncio.run(whole())
