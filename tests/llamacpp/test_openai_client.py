"""Held against the official client of OpenAI on servers of llama.cpp: equal greedy text, numbers.

Of a stream the server counts no tokens, for either.
"""

from typing import Any

import pytest

from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_dialects import DIALECTS
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model, Tool
from executors.usage import Usage
from tests.executors.engines.official_client import CHATS, SCHEMA, ours
from tests.served.official_answers import GREEDY, official, same_chat, same_vectors

pytestmark = pytest.mark.llamacpp
DIALECT = DIALECTS["llama-cpp-python"]
BOUND = {"max_tokens": 64}
#: What the server takes in place of OpenAI's form of the same.
FORM = {"response_format": {"type": "json_object", "schema": SCHEMA}}


def as_it_takes(asked: dict[str, Any]) -> dict[str, Any]:
    return {**BOUND, **asked, **(FORM if "response_format" in asked else {})}


@pytest.mark.parametrize(("args", "asked"), CHATS)
def test_a_chat_gives_what_the_official_client_reads(servers, args, asked):
    model = Model(servers.chat.model, structured=True, dialect=DIALECT)
    tools = {"search": Tool("search", "d", {"type": "object"})}
    engine = OpenAI(Endpoint(servers.chat.url, servers.key), model, 1, tools.get)
    with official(servers.chat, servers.key) as client:
        assert same_chat(engine, client, {**BOUND, **args}, as_it_takes(asked)) == Usage()


def test_a_plain_completion_gives_what_the_official_client_reads(servers):
    model = Model(servers.chat.model, api="completions", dialect=DIALECT)
    engine = OpenAI(Endpoint(servers.chat.url, servers.key), model, 1)
    end = ours(engine, "decode", prompt="Once ☃", **GREEDY, **BOUND)
    with official(servers.chat, servers.key) as client:
        body = {"model": servers.chat.model, "prompt": "Once ☃", **GREEDY, **BOUND}
        found = client.completions.create(**body)
    assert end.outputs["text"] == found.choices[0].text
    assert end.usage.replies_cut == (found.choices[0].finish_reason == "length")


def test_vectors_are_those_the_official_client_reads(servers):
    server = servers.embedding
    endpoint = Endpoint(server.url, servers.key)
    engine = OpenAIEmbeddings(endpoint, server.model, dialect=DIALECT)
    with official(server, servers.key) as client:
        same_vectors(engine, client)
