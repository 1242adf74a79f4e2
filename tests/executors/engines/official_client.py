"""The official client of OpenAI and our engine, for tests to ask the same of."""

import json
from dataclasses import replace
from typing import Any

import openai

from executors.engines.engine import Done, Engine, Fault, Request
from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_request import Model, Tool
from executors.usage import Usage
from tests.executors.engines.contract import end_of
from tests.executors.engines.openai_server import LocalServer, Seen

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


def chatting(server: LocalServer) -> OpenAI:
    tools = {"search": Tool("search", "d", {"type": "object"})}
    return OpenAI(
        Endpoint(server.url, "k"), Model("m", structured=True), slots=1, describe=tools.get
    )


def completing(server: LocalServer) -> OpenAI:
    return OpenAI(Endpoint(server.url, "k"), Model("m", api="completions"), slots=1)


def end_of_call(engine: Engine, op: str, **args: Any) -> Done | Fault:
    return end_of(engine, Request(1, op, args, "run", "local"))


def ours(engine: Engine, op: str, **args: Any) -> Done:
    end = end_of_call(engine, op, **args)
    assert isinstance(end, Done), end
    return end


def official(server: LocalServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key="k", max_retries=0)


def used(usage: Any, finish: str | None) -> Usage:
    """Return what the official client read of tokens and of the end, as we count them."""
    details = usage.prompt_tokens_details
    cached = details.cached_tokens if details else 0
    return Usage(usage.prompt_tokens, usage.completion_tokens, cached, int(finish == "length"))


def normal(body: Any) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def equal_on_the_wire(server: LocalServer) -> None:
    one, other = server.seen
    assert normal(one.body) == normal(other.body)
    assert (one.method, one.path, one.query) == (other.method, other.path, other.query)
    assert one.headers["content-type"] == other.headers["content-type"]
    assert one.headers["authorization"] == other.headers["authorization"]


def equal_but_for_streaming(server: LocalServer) -> None:
    one, other = server.seen
    assert {key: one.body.get(key) for key in STREAMED} == STREAMED
    assert not STREAMED.keys() & other.body.keys()
    server.seen[:] = [unstreamed(one), other]
    equal_on_the_wire(server)


def unstreamed(seen: Seen) -> Seen:
    body = {key: value for key, value in seen.body.items() if key not in STREAMED}
    return replace(seen, body=body)


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
