"""The scripted engine: its contract in every kind, and that it tells inputs apart."""

import asyncio
from random import Random

from executors.engines.engine import Batch, Engine, Fault, Request
from executors.engines.scripted import Behaviour, Scripted
from executors.replies import complete
from executors.scheduler.events import BatchId
from tests.executors.engines.contract import EngineContract, outputs
from tests.executors.engines.good_requests import PERSON, VECTORS, ask, good_requests


class Scripts(EngineContract):
    off_loop = False
    kind = ""

    def make(self) -> Engine:
        return Scripted(self.kind)

    def good(self) -> list[Request]:
        return good_requests(self.kind)

    def bad(self) -> list[Request]:
        return [ask(1, "fly")]


class TestScriptedEmbedding(Scripts):
    kind = "embedding"


class TestScriptedVector(Scripts):
    kind = "vector"


class TestScriptedLLM(Scripts):
    kind = "llm"


class TestScriptedRerank(Scripts):
    kind = "rerank"


class TestScriptedWeb(Scripts):
    kind = "web"


def replied(**args: object) -> dict[str, object]:
    async def scenario() -> dict[str, object]:
        request = ask(1, "decode", prompt="x", **args)
        (end,) = (await outputs(Scripted("llm"), request)).values()
        given = complete(request, end)
        assert not isinstance(given, Fault)
        return dict(given)

    return asyncio.run(scenario())


def test_lists_have_the_items_asked_for_and_differ():
    items = replied(form="list", items=4)["items"]
    assert len(set(items)) == 4
    assert items != replied(form="list", items=4, system="y")["items"]
    assert len(replied(form="list", items=None)["items"]) == 3


def test_objects_and_items_meet_their_schema():
    value = replied(form="json", schema=PERSON)["value"]
    assert set(value) == {"name", "age", "kind"}
    items = replied(form="list", items=3, schema=PERSON)["items"]
    assert len({item["name"] for item in items}) == 3


def test_other_inputs_give_other_outputs():
    async def scenario() -> None:
        engine = Scripted("vector")
        asked = {"index": {"collection": "c"}, "vectors": VECTORS, "top_k": 2}
        changed = [
            asked,
            {**asked, "index": {"collection": "d"}},
            {**asked, "vectors": VECTORS[::-1].copy()},
        ]
        found = [await outputs(engine, ask(1, "search", **args)) for args in changed]
        assert len({repr(each) for each in found}) == 3

    asyncio.run(scenario())


def times(seed: int) -> list[float]:
    engine = Scripted("embedding", lambda _: Behaviour(latency_s=1.0, jitter_s=0.5))
    batch = Batch(BatchId(1), (ask(1, "embed", texts=["a"]), ask(2, "embed", texts=["b"])))
    return [wait_s for wait_s, _ in engine.script(batch, Random(seed))]


def test_how_long_it_takes_is_drawn_from_the_seed():
    assert all(1.0 <= wait_s <= 1.5 for wait_s in times(1))
    assert times(1) == times(1) != times(2)
