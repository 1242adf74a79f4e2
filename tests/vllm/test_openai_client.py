"""Held against the official client of OpenAI on real servers: equal greedy text, usage, numbers."""

from typing import Any

import numpy as np
import openai
import pytest

from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model, Tool
from executors.usage import Usage
from tests.executors.engines.official_client import CHATS, STREAMED, ours
from tests.vllm.servers import Server, Servers

pytestmark = pytest.mark.vllm
GREEDY = {"temperature": 0}


def official(servers: Servers, server: Server) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key=servers.key, max_retries=0)


def endpoint(servers: Servers, server: Server) -> Endpoint:
    return Endpoint(server.url, servers.key)


def counted(usage: Any) -> Usage:
    """Return what both have to agree on: what is cached depends on who asks first."""
    return Usage(usage.prompt_tokens, usage.completion_tokens)


@pytest.mark.parametrize(("args", "asked"), CHATS)
def test_a_chat_gives_what_the_official_client_reads(servers, args, asked):
    model = Model(servers.chat.model, structured=True)
    tools = {"search": Tool("search", "d", {"type": "object"})}
    engine = OpenAI(endpoint(servers, servers.chat), model, 1, tools.get)
    end = ours(engine, "decode", **{**args, **GREEDY})
    text, usage = "", None
    with official(servers, servers.chat) as client:
        body = {**asked, **GREEDY, **STREAMED, "model": servers.chat.model}
        for chunk in client.chat.completions.create(**body):
            usage = chunk.usage or usage
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
    assert end.outputs["text"] == text
    assert Usage(end.usage.tokens_in, end.usage.tokens_out) == counted(usage)


def test_a_plain_completion_gives_what_the_official_client_reads(servers):
    model = Model(servers.chat.model, api="completions")
    engine = OpenAI(endpoint(servers, servers.chat), model, 1)
    end = ours(engine, "decode", prompt="Once ☃", **GREEDY)
    with official(servers, servers.chat) as client:
        body = {"model": servers.chat.model, "prompt": "Once ☃", **GREEDY}
        found = client.completions.create(**body)
    assert end.outputs["text"] == found.choices[0].text
    assert Usage(end.usage.tokens_in, end.usage.tokens_out) == counted(found.usage)


def test_vectors_are_those_the_official_client_reads(servers):
    server = servers.embedding
    engine = OpenAIEmbeddings(endpoint(servers, server), server.model)
    end = ours(engine, "embed", texts=["a", "é☃"])
    with official(servers, server) as client:
        found = client.embeddings.create(
            model=server.model, input=["a", "é☃"], encoding_format="float"
        )
    theirs = np.array([row.embedding for row in found.data], np.float32)
    assert np.allclose(end.outputs["vectors"], theirs, atol=1e-5)
    assert end.usage.tokens_in == found.usage.prompt_tokens
