"""The inline engine: its contract, and what is wrong with a cut."""

import asyncio
from threading import Event

import pytest

from executors.documents import split
from executors.engines.engine import Done, Engine, Fault, Request
from executors.engines.inline import Inline
from tests.executors.engines.contract import EngineContract, answers

TEXT = "One sentence stands here. Another one follows it. And a third ends the page."


def words(text: str) -> list[int]:
    return list(range(len(text.split())))


def chunk(id: int, size: object, overlap: object = 0, text: object = TEXT) -> Request:
    return Request(id, "chunk", {"text": text, "size": size, "overlap": overlap}, "run", "local")


SAID = {"role": "user", "content": "hello"}


def ask(id: int, op: str, **args: object) -> Request:
    return Request(id, op, args, "run", "local")


def merge(id: int, lists: object, by: str = "rrf") -> Request:
    return ask(id, "merge_top_k", lists=lists, by=by, k=60, top_k=None)


def a_doc(id: str) -> dict:
    return {"id": id, "text": f"text of {id}", "position": 3, "meta": {}}


class TestInline(EngineContract):
    def make(self) -> Engine:
        return Inline(split, words)

    def good(self) -> list[Request]:
        return [
            chunk(1, 6),
            Request(2, "format", {"template": "text"}, "run", "local"),
            Request(3, "select", {"value": {"any": [1, None]}}, "run", "local"),
            chunk(4, 64, 8),
            ask(5, "format", template="new", doc=a_doc("a")),
            ask(6, "aggregate", lists=[[SAID], None, [], [SAID]]),
            merge(7, [[a_doc("a")], None, [a_doc("b"), a_doc("a")]]),
            merge(8, [[a_doc(f"{at}") for at in range(3000)]]),
        ]

    def bad(self) -> list[Request]:
        return [
            chunk(1, 4, 4),
            chunk(2, 4, 0, text=12),
            Request(3, "fly", {}, "run", "local"),
            merge(4, [[a_doc("a"), "b"]]),
            merge(5, "docs"),
            merge(6, [[a_doc("a") | {"score": "high"}]]),
            merge(7, [], by="chance"),
            merge(8, [[a_doc(f"{at}") for at in range(200_000)]]),
            ask(9, "aggregate", lists=[["hello"]]),
        ]


def answer(request: Request) -> Done | Fault:
    async def ask() -> Done | Fault:
        engine = Inline(split, words)
        await engine.start()
        (end,) = (await answers(engine, request)).values()
        await engine.stop()
        return end

    return asyncio.run(ask())


def outputs(request: Request) -> dict:
    end = answer(request)
    assert isinstance(end, Done)
    return dict(end.outputs)


def test_a_doc_is_given_the_text_that_was_put_together_in_place_of_its_own():
    doc = a_doc("a")
    placed = outputs(ask(1, "format", template="new", doc=doc))
    assert placed == {"text": "new", "doc": {**doc, "text": "new"}}
    assert doc == a_doc("a")
    assert outputs(ask(1, "format", template="new", doc=None)) == {"text": "new", "doc": None}


def test_lists_of_messages_become_one_in_order():
    other = {"role": "assistant", "content": "hi"}
    lists = [[SAID], None, [other, SAID]]
    assert outputs(ask(1, "aggregate", lists=lists)) == {"messages": [SAID, other, SAID]}


@pytest.mark.parametrize("count", [3, 3000])
def test_lists_are_merged_wherever_that_is_done(count):
    docs = [a_doc(f"{at:04}") for at in range(count)]
    assert outputs(merge(1, [docs, None], by="order")) == {"docs": docs}


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        (merge(1, [None, [a_doc("a"), 3]]), "bad-value", "lists[1][1] is not a doc"),
        (merge(1, [3]), "bad-value", "lists[0] is not a list of docs"),
        (merge(1, [[a_doc("a") | {"score": True}]]), "bad-value", "the score of a is not a number"),
        (merge(1, [], by="chance"), "bad-value", "none of rrf, score, order"),
        (ask(1, "aggregate", lists=[[SAID, "x"]]), "bad-value", "lists[0][1] is not a message"),
    ],
)
def test_what_cannot_be_merged_is_told_with_its_place(request_, code, said):
    fault = answer(request_)
    assert isinstance(fault, Fault)
    assert fault.code == code
    assert said in fault.detail


@pytest.mark.parametrize(("size", "overlap"), [(4, 4), (4, 9), (1, 1)])
def test_an_overlap_as_large_as_the_piece_says_both_numbers(size, overlap):
    fault = answer(chunk(1, size, overlap))
    assert isinstance(fault, Fault)
    assert str(size) in fault.detail
    assert str(overlap) in fault.detail


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
