"""Each thing that the line of `llama-cpp-python` says, seen on its server; and how it refuses."""

import json
from typing import Any

import httpx
import pytest

from executors.engines.engine import Fault
from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_dialects import DIALECTS
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model
from tests.executors.engines.contract import end_of
from tests.executors.engines.official_client import SCHEMA
from tests.executors.engines.openai_calls import decode, done, fault
from tests.executors.engines.server_contracts import embed
from tests.llamacpp.servers import CONTEXT, Servers
from tests.served.starting import ask

pytestmark = pytest.mark.llamacpp
DIALECT = DIALECTS["llama-cpp-python"]
HELLO = {"messages": [{"role": "user", "content": "Hello"}], "temperature": 0, "max_tokens": 24}
NEVER = [f"never {at}" for at in range(6)]


def chat(servers: Servers, key: str | None = None) -> OpenAI:
    endpoint = Endpoint(servers.chat.url, key or servers.key)
    return OpenAI(endpoint, Model(servers.chat.model, structured=True, dialect=DIALECT), 4)


def answered(servers: Servers, **more: Any) -> Any:
    return ask(servers.chat, servers.key, "/chat/completions", {**HELLO, **more})


def test_it_takes_any_number_of_stop_strings(servers):
    whole = answered(servers).json()["choices"][0]["message"]["content"]
    word = whole[len(whole) // 2 :][:4]
    cut = answered(servers, stop=[*NEVER, word]).json()["choices"][0]["message"]["content"]
    assert cut == whole[: whole.index(word)]
    asked = decode(1, stop=[*NEVER, word], max_tokens=24)
    assert done(chat(servers), asked).outputs["text"] == cut


def test_it_counts_what_is_whole_and_no_stream(servers):
    options = {"include_usage": True, "continuous_usage_stats": True}
    assert answered(servers).json()["usage"]["completion_tokens"] > 0
    streamed = answered(servers, stream=True, stream_options=options).text
    assert streamed.count("data: ") > 10
    assert "usage" not in streamed


def test_it_holds_a_reply_to_a_schema_in_a_form_of_its_own_alone(servers):
    usual = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}}
    assert answered(servers, response_format=usual).status_code == 500
    asked = decode(1, form="json", schema=SCHEMA, max_tokens=400)
    assert json.loads(done(chat(servers), asked).outputs["text"]).keys() == {"a"}


def test_it_passes_over_fields_that_it_does_not_know(servers):
    bare, more = answered(servers), answered(servers, priority=3, cache_salt="x")
    assert bare.json()["choices"] == more.json()["choices"]


def test_it_tells_no_tokens_of_a_prompt(servers):
    assert httpx.post(f"{servers.chat.root}/tokenize", json=HELLO).status_code == 404


def test_it_embeds_no_empty_text(servers):
    server = servers.embedding
    assert ask(server, servers.key, "/embeddings", {"input": ["a", ""]}).status_code == 500
    endpoint = Endpoint(server.url, servers.key)
    asked = OpenAIEmbeddings(endpoint, server.model, dialect=DIALECT)
    assert not isinstance(end_of(asked, embed(1, "a", "")), Fault)


def test_a_wrong_key_is_said_to_be_one(servers):
    assert fault(chat(servers, key="wrong"), decode(1)).code == "engine-unauthorised"


def test_of_a_prompt_beyond_the_context_a_stream_tells_nothing(servers):
    long = "word " * 2 * CONTEXT
    messages = [{"role": "user", "content": long}]
    whole = answered(servers, messages=messages)
    assert whole.status_code == 400
    assert whole.json()["error"]["code"] == "context_length_exceeded"
    broken = fault(chat(servers), decode(1, long))
    assert (broken.code, broken.detail) == ("engine-error", "the server broke off its answer")
