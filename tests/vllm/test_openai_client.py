"""Held against the official client of OpenAI on real servers: equal greedy text, usage, numbers."""

import pytest

from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model, Tool
from executors.usage import Usage
from tests.executors.engines.official_client import CHATS, ours
from tests.served.official_answers import GREEDY, counted, official, same_chat, same_vectors

pytestmark = pytest.mark.vllm


@pytest.mark.parametrize(("args", "asked"), CHATS)
def test_a_chat_gives_what_the_official_client_reads(servers, args, asked):
    model = Model(servers.chat.model, structured=True)
    tools = {"search": Tool("search", "d", {"type": "object"})}
    engine = OpenAI(Endpoint(servers.chat.url, servers.key), model, 1, tools.get)
    with official(servers.chat, servers.key) as client:
        assert same_chat(engine, client, args, asked).tokens_out > 0


def test_a_plain_completion_gives_what_the_official_client_reads(servers):
    model = Model(servers.chat.model, api="completions")
    engine = OpenAI(Endpoint(servers.chat.url, servers.key), model, 1)
    end = ours(engine, "decode", prompt="Once ☃", **GREEDY)
    with official(servers.chat, servers.key) as client:
        body = {"model": servers.chat.model, "prompt": "Once ☃", **GREEDY}
        found = client.completions.create(**body)
    assert end.outputs["text"] == found.choices[0].text
    assert Usage(end.usage.tokens_in, end.usage.tokens_out) == counted(found.usage)


def test_vectors_are_those_the_official_client_reads(servers):
    server = servers.embedding
    engine = OpenAIEmbeddings(Endpoint(server.url, servers.key), server.model)
    with official(server, servers.key) as client:
        same_vectors(engine, client)
