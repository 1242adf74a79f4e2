"""The inline engine: its contract, and what is wrong with a cut."""

import asyncio

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
        return Inline(lambda texts, size, overlap: split(texts, size, overlap, words))

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
        engine = Inline(lambda texts, size, overlap: split(texts, size, overlap, words))
        await engine.start()
        (fault,) = (await answers(engine, chunk(1, size, overlap))).values()
        await engine.stop()
        assert isinstance(fault, Fault)
        return fault

    detail = asyncio.run(ask()).detail
    assert str(size) in detail
    assert str(overlap) in detail
