"""What real servers refuse, and what becomes of work that is given up."""

import asyncio
import os
import signal
from contextlib import aclosing

import httpx
import pytest

from executors.engines.engine import (
    Batch,
    Delta,
    Done,
    Emission,
    Fault,
    FirstToken,
)
from executors.engines.http_client import Endpoint, Timeouts
from executors.engines.openai import OpenAI
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model
from executors.engines.openai_rerank import OpenAIRerank
from executors.scheduler.events import BatchId
from tests.executors.engines.contract import answers, end_of
from tests.executors.engines.openai_calls import decode, done, fault, spoken
from tests.executors.engines.server_contracts import embed, rerank
from tests.served.sessions import Session
from tests.vllm.servers import Servers, running_alone

pytestmark = pytest.mark.vllm
LONG = "word " * 9_000
LONG_TEXT = {
    "type": "object",
    "properties": {"a": {"type": "string", "minLength": 9_000}},
    "required": ["a"],
}
LOOKS_MAX = 600
LOOK_S = 0.05


def chat(servers: Servers, model: str | None = None, key: str | None = None, **times: float):
    server = servers.chat
    endpoint = Endpoint(server.url, key or servers.key, Timeouts(**times))
    return OpenAI(endpoint, Model(model or server.model, structured=True), 4)


def test_a_model_that_is_not_there_is_a_wrong_engines_yaml(servers):
    refused = fault(chat(servers, model="nope"), decode(1))
    assert (refused.code, refused.transient) == ("engine-unavailable", False)
    assert "nope" in refused.detail
    assert "Correct endpoint and model" in refused.detail


def test_a_wrong_key_is_said_to_be_one(servers):
    assert fault(chat(servers, key="wrong"), decode(1)).code == "engine-unauthorised"


@pytest.mark.parametrize("args", [{"prompt": LONG}, {"prompt": "x", "max_tokens": 30_000}])
def test_a_prompt_or_a_reply_beyond_the_context_is_told_with_the_limit(servers, args):
    refused = fault(chat(servers), decode(1, **args))
    assert (refused.code, refused.transient) == ("context-overflow", False)
    assert "8192" in refused.detail


def test_texts_beyond_the_context_of_an_embedding_model_harm_no_others(servers):
    server = servers.embedding
    engine = OpenAIEmbeddings(Endpoint(server.url, servers.key), server.model)

    async def scenario() -> dict[int, Done | Fault]:
        await engine.start()
        try:
            return await answers(engine, embed(1, "short"), embed(2, LONG))
        finally:
            await engine.stop()

    found = asyncio.run(scenario())
    assert isinstance(found[1], Done)
    assert isinstance(found[2], Fault)
    assert found[2].code == "context-overflow"


def test_docs_beyond_the_context_of_a_cross_encoder_are_told(servers):
    server = servers.rerank
    engine = OpenAIRerank(Endpoint(server.url, servers.key), server.model)
    refused = end_of(engine, rerank(1, docs=[{"id": "a", "text": LONG}]))
    assert isinstance(refused, Fault)
    assert refused.code == "context-overflow"


def test_a_list_held_to_its_schema_has_as_many_items_as_were_asked_for(servers):
    asked = decode(
        1, "Three names.", form="list", items=3, min_items=3, schema={"enum": ["a", "b"]}
    )
    text = done(chat(servers), asked).outputs["text"]
    assert text.startswith('{"items":["')
    assert text.count(",") == 2


def test_a_schema_that_the_grammar_cannot_honour_is_refused_in_words(servers):
    schema = {"type": "object", "properties": {"a": {"type": "integer", "multipleOf": 7}}}
    refused = fault(chat(servers), decode(1, form="json", schema=schema))
    assert (refused.code, refused.transient) == ("bad-request", False)
    assert "not supported by xgrammar" in refused.detail


def test_more_stop_strings_than_vllm_takes_all_end_the_text(servers):
    whole = done(chat(servers), decode(1)).outputs["text"]
    never = [f"never {at}" for at in range(6)]
    assert done(chat(servers), decode(1, stop=never)).outputs["text"] == whole
    word = whole[len(whole) // 2 :][:4]
    cut = done(chat(servers), decode(1, stop=[*never, word])).outputs["text"]
    assert cut == whole[: whole.index(word)]


def test_a_call_given_up_frees_the_engine_before_its_reply_is_whole(servers):
    asked = decode(1, form="json", schema=LONG_TEXT)
    whole = done(chat(servers), asked).usage.tokens_out
    before = metric(servers, "vllm:generation_tokens_total")

    async def give_up() -> None:
        engine = chat(servers)
        await engine.start()
        async with aclosing(engine.run(Batch(BatchId(1), (asked,)))) as emissions:
            async for emission in emissions:
                if isinstance(emission, Delta):
                    break
        await idle(servers)
        await engine.stop()

    asyncio.run(give_up())
    assert whole > 1_000
    assert metric(servers, "vllm:generation_tokens_total") - before < whole


def test_a_server_that_stands_still_is_given_up_and_used_again_when_it_goes_on(servers):
    processes = servers.chat.session.members()
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        frozen = fault(chat(servers, first_s=1.0), decode(1))
        assert (frozen.code, frozen.transient) == ("engine-timeout", True)
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
    assert isinstance(spoken(chat(servers), decode(2))[-1], Done)


def test_an_engine_that_is_killed_while_it_answers_is_a_fault_that_may_pass(tmp_path):
    asked = decode(1, form="json", schema=LONG_TEXT)

    async def scenario(engine: OpenAI, session: Session) -> Emission | None:
        await engine.start()
        emission = None
        async for emission in engine.run(Batch(BatchId(1), (asked,))):
            if isinstance(emission, FirstToken):
                for pid in set(session.members()) - {session.leader}:
                    os.kill(pid, signal.SIGKILL)
        await engine.stop()
        return emission

    with running_alone("chat", tmp_path) as (server, key):
        engine = OpenAI(Endpoint(server.url, key), Model(server.model, structured=True), 4)
        broken = asyncio.run(scenario(engine, server.session))
        assert isinstance(broken, Fault)
        assert (broken.code, broken.transient) == ("engine-error", True)
        server.session.end()
        gone = fault(engine, decode(2))
        assert (gone.code, gone.transient) == ("engine-unavailable", True)


async def idle(servers: Servers) -> None:
    """Return when the chat server runs nothing."""
    for _ in range(LOOKS_MAX):
        if metric(servers, "vllm:num_requests_running") == 0:
            return
        await asyncio.sleep(LOOK_S)
    raise AssertionError("it still runs what was given up")


def metric(servers: Servers, name: str) -> int:
    lines = httpx.get(f"{servers.chat.root}/metrics").text.splitlines()
    return sum(
        int(float(line.rpartition(" ")[2])) for line in lines if line.startswith(f"{name}{{")
    )
