"""Held against the official client of OpenAI: equal requests on the wire, equal results."""

import asyncio
import json
from typing import Any

import numpy as np
import openai
import pytest

from executors.engines.engine import Done, Engine, Request
from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model, Tool
from tests.executors.engines.contract import answers
from tests.executors.engines.openai_server import LocalServer

USER = {"role": "user", "content": "Was ist das? ☃"}
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
TOOL = {
    "type": "function",
    "function": {"name": "search", "description": "d", "parameters": {"type": "object"}},
}
CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"q":"x"}'}}
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}


def ours(engine: Engine, op: str, **args: Any) -> Done:
    async def scenario() -> Done:
        try:
            await engine.start()
            end = (await answers(engine, Request(1, op, args, "run", "local")))[1]
        finally:
            await engine.stop()
        assert isinstance(end, Done), end
        return end

    return asyncio.run(scenario())


def official(server: LocalServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key="k", max_retries=0)


def normal(body: Any) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def equal_on_the_wire(server: LocalServer) -> None:
    one, other = server.seen
    assert normal(one.body) == normal(other.body)
    assert (one.method, one.path, one.query) == (other.method, other.path, other.query)
    assert one.headers["content-type"] == other.headers["content-type"]
    assert one.headers["authorization"] == other.headers["authorization"]


CHATS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"prompt": USER["content"]}, {"messages": [USER]}),
    (
        {"prompt": USER["content"], "system": "s", "temperature": 0.25, "max_tokens": 4, "seed": 7},
        {
            "messages": [{"role": "system", "content": "s"}, USER],
            "temperature": 0.25,
            "max_tokens": 4,
            "seed": 7,
        },
    ),
    (
        {"prompt": "x", "stop": ["a", "b"]},
        {"messages": [{**USER, "content": "x"}], "stop": ["a", "b"]},
    ),
    ({"prompt": USER["content"], "tools": ["search"]}, {"messages": [USER], "tools": [TOOL]}),
    (
        {
            "messages": [
                USER,
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "c1", "name": "search", "arguments": {"q": "x"}}],
                },
                {"role": "tool", "content": "found", "tool_call_id": "c1"},
            ]
        },
        {
            "messages": [
                USER,
                {"role": "assistant", "content": "", "tool_calls": [CALL]},
                {"role": "tool", "content": "found", "tool_call_id": "c1"},
            ]
        },
    ),
    (
        {"prompt": USER["content"], "form": "json", "schema": SCHEMA},
        {
            "messages": [USER],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True},
            },
        },
    ),
]


@pytest.mark.parametrize(("args", "asked"), CHATS)
def test_a_chat_is_asked_for_and_read_as_the_official_client_does(server, args, asked):
    tool = Tool("search", "d", {"type": "object"})
    engine = OpenAI(
        Endpoint(server.url, "k"), Model("m", structured=True), describe={"search": tool}.get
    )
    end = ours(engine, "decode", **args)
    text, calls, usage = "", {}, None
    with official(server) as client:
        for chunk in client.chat.completions.create(model="m", **asked, **STREAMED):
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                for call in choice.delta.tool_calls or ():
                    at = calls.setdefault(call.index, {"id": call.id, "name": "", "arguments": ""})
                    at["name"] += call.function.name or ""
                    at["arguments"] += call.function.arguments or ""
    equal_on_the_wire(server)
    assert end.outputs["text"] == text
    found = [{**call, "arguments": json.loads(call["arguments"])} for call in calls.values()]
    assert end.outputs.get("tool_calls", []) == found
    if usage is not None:
        assert end.usage.tokens_in == usage.prompt_tokens
        assert end.usage.tokens_out == usage.completion_tokens
        assert end.usage.tokens_cached == usage.prompt_tokens_details.cached_tokens


def test_a_plain_completion_is_asked_for_and_read_as_the_official_client_does(server):
    end = ours(
        OpenAI(Endpoint(server.url, "k"), Model("m", api="completions")), "decode", prompt="é"
    )
    with official(server) as client:
        chunks = list(client.completions.create(model="m", prompt="é", **STREAMED))
    equal_on_the_wire(server)
    *spoken, counted = chunks
    assert end.outputs["text"] == "".join(chunk.choices[0].text for chunk in spoken)
    assert (end.usage.tokens_in, end.usage.tokens_out) == (
        counted.usage.prompt_tokens,
        counted.usage.completion_tokens,
    )


def test_embeddings_are_asked_for_and_read_as_the_official_client_does(server):
    end = ours(OpenAIEmbeddings(Endpoint(server.url, "k"), "e"), "embed", texts=["a", "é☃"])
    with official(server) as client:
        found = client.embeddings.create(model="e", input=["a", "é☃"], encoding_format="float")
    equal_on_the_wire(server)
    theirs = np.array([row.embedding for row in found.data], np.float32)
    assert end.outputs["vectors"].tobytes() == theirs.tobytes()
    assert end.usage.tokens_in == found.usage.prompt_tokens


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
def test_what_the_official_client_raises_for_a_status_fits_the_code_we_give(server, status):
    from executors.engines.server_errors import refused

    kinds = {
        openai.BadRequestError: "bad-request",
        openai.UnprocessableEntityError: "bad-request",
        openai.AuthenticationError: "engine-unauthorised",
        openai.PermissionDeniedError: "engine-unauthorised",
        openai.NotFoundError: "engine-unavailable",
        openai.RateLimitError: "engine-busy",
        openai.InternalServerError: {500: "engine-error"}.get(status, "engine-unavailable"),
    }
    from tests.executors.engines.openai_server import Play

    server.play(Play.of({"error": {"message": "no"}}, status=status))
    with official(server) as client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=[USER])  # type: ignore[list-item]
    assert refused(status, b"", None).code == kinds[type(caught.value)]
