"""The inline engine: its contract, and what is wrong with a cut."""

import asyncio
from threading import Event

import pytest

from executors.documents import split
from executors.engines.engine import Engine, Fault, Request
from executors.engines.inline import Inline
from tests.executors.engines.contract import EngineContract, answers

TEXT = "One sentence stands here. Another one follows it. And a third ends the page."


def words(text: str) -> list[int]:
    return list(range(len(text.split())))


def chunk(id: int, size: object, overlap: object = 0, text: object = TEXT) -> Request:
    return Request(id, "chunk", {"text": text, "size": size, "overlap": overlap}, "run", "local")


class TestInline(EngineContract):
    def make(self) -> Engine:
        return Inline(split, words)

    def good(self) -> list[Request]:
        return [
            chunk(1, 6),
            Request(2, "format", {"template": "text"}, "run", "local"),
            Request(3, "select", {"value": {"any": [1, None]}}, "run", "local"),
            chunk(4, 64, 8),
        ]

    def bad(self) -> list[Request]:
        return [
            chunk(1, 4, 4),
            chunk(2, 4, 0, text=12),
            Request(3, "fly", {}, "run", "local"),
        ]


@pytest.mark.parametrize(("size", "overlap"), [(4, 4), (4, 9), (1, 1)])
def test_an_overlap_as_large_as_the_piece_says_both_numbers(size, overlap):
    async def ask() -> Fault:
        engine = Inline(split, words)
        await engine.start()
        (fault,) = (await answers(engine, chunk(1, size, overlap))).values()
        await engine.stop()
        assert isinstance(fault, Fault)
        return fault

    detail = asyncio.run(ask()).detail
    assert str(size) in detail
    assert str(overlap) in detail


def test_a_cut_that_nobody_wants_any_more_ends_at_its_next_token():
    began, go_on = Event(), Event()
    counted = []

    def slowly(text: str) -> list[int]:
        began.set()
        go_on.wait()
        counted.append(text)
        return words(text)

    async def scenario() -> None:
        engine = Inline(split, slowly)
        await engine.start()
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(answers(engine, chunk(1, 6, text=TEXT * 1000)))
        await loop.run_in_executor(None, began.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        await engine.stop()

    asyncio.run(scenario())
    assert len(counted) == 1
