"""Beginnings of prompts are read ahead, over HTTP; what is asked for answers stays as it is."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator

import pytest

from executors.engines.engine import Batch, Emission
from executors.engines.openai_request import Model
from executors.engines.scripted import Scripted
from planner.expand import make_plan
from planner.graph import PoolName
from planner.passes.names import DEFAULT, PREFILL
from planner.pools import PoolFacts, Pools
from spec.load import load
from spec.source import Source
from tests.executors.conftest import KINDS
from tests.executors.drivers.live import Live, play
from tests.executors.engines.openai_calls import engine
from tests.executors.engines.openai_server import LocalServer
from tests.executors.engines.vllm_paths import with_vllm_paths

WAIT_S_MAX = 30.0
KNOWN = "Answer from the passages alone, and say so where they do not hold the answer. " * 5
PAGE = f"""\
workflow: w
inputs: {{question: string}}
steps:
  found: {{use: web_search, query: $inputs.question}}
  answer: {{use: llm, prompt: "{KNOWN}{{{{ found.docs | numbered }}}}"}}
outputs: {{x: $answer.text}}
"""
INPUTS = {"question": "When?"}


class Patient(Scripted):
    """A search that answers once something has happened."""

    def __init__(self, happened: threading.Event) -> None:
        super().__init__("web")
        self.happened = happened

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        await asyncio.to_thread(self.happened.wait, WAIT_S_MAX)
        async for emission in super().run(batch):
            yield emission


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer().up() as server:
        yield server


@pytest.fixture
def plan(registry):
    facts = {PoolName("llm"): PoolFacts(warms=True)}
    pools = Pools(KINDS, {kind: name for name, kind in KINDS.items()}, facts)
    document = load(Source("test.yaml", PAGE.encode(), "yaml"), registry.vocabulary())
    return lambda passes: make_plan(document, registry.modules, pools, passes=passes)


def asked_of(server: LocalServer, path: str) -> list[dict]:
    return [seen.body for seen in server.seen if seen.path == path]


def ran(folder, server: LocalServer, plan, ahead: bool):
    """Run the plan; its search answers once something was read ahead, if anything is to be."""
    happened = threading.Event()
    server.seen.clear()
    server.otherwise = with_vllm_paths
    found = []

    async def scenario() -> None:
        model = Model("m", priorities=True, cache_per_tenant=True)
        live = Live(folder, {"llm": engine(server.url, model), "web": Patient(happened)})
        run = await live.submit(plan, INPUTS)
        if ahead:
            await live.until(run, "primitive.finished")
        happened.set()
        found.append(await live.finish(run))
        found.append(live.store.events("local", found[0].id, limit=1_000))
        await live.runner.stop()

    play(scenario)
    return found


def test_what_is_asked_for_an_answer_is_byte_for_byte_what_it_is_without(tmp_path, server, plan):
    bodies, outputs = [], []
    for passes in (DEFAULT, DEFAULT - {PREFILL}):
        record, _ = ran(tmp_path / str(len(bodies)), server, plan(passes), PREFILL in passes)
        assert record.status == "succeeded"
        outputs.append(record.outputs)
        bodies.append(asked_of(server, "/v1/chat/completions"))
        assert len(asked_of(server, "/v1/completions")) == (PREFILL in passes)
    assert bodies[0] == bodies[1]
    assert outputs[0] == outputs[1]


def test_what_is_read_ahead_waits_behind_all_else_and_its_tokens_are_those_of_the_step(
    tmp_path, server, plan
):
    record, events = ran(tmp_path, server, plan(DEFAULT), ahead=True)
    (warm,) = asked_of(server, "/v1/completions")
    assert (warm["max_tokens"], warm["priority"]) == (1, 100)
    (told,) = [
        event.data
        for event in events
        if event.kind == "primitive.finished" and event.data["op"] == "partial_prefill"
    ]
    assert told["usage"]["tokens_in"] == len(warm["prompt"])
    (step,) = [
        event.data
        for event in events
        if event.kind == "step.finished" and event.data["step"] == "answer"
    ]
    (answer,) = [
        event.data
        for event in events
        if event.kind == "primitive.finished" and event.data["op"] == "decode"
    ]
    both = told["usage"]["tokens_in"] + answer["usage"]["tokens_in"]
    assert step["usage"]["tokens_in"] == record.usage.tokens_in == both
