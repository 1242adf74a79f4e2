"""Calls of a language model over HTTP, for tests to make and to break."""

import asyncio
from collections.abc import Sequence
from typing import Any

from executors.engines.engine import Done, Emission, Fault, Request
from executors.engines.http_client import Endpoint, Timeouts
from executors.engines.openai import OpenAI
from executors.engines.openai_request import Model, Tool
from tests.executors.engines.contract import emissions
from tests.executors.engines.openai_server import chunk

KEY = "sk-canary-4711"
BODY = {"model": "m"}
SEARCH = Tool("search", "Looks things up.", {"type": "object", "properties": {"q": {}}})


def decode(id: int, prompt: object = "Hello", **args: object) -> Request:
    return Request(id, "decode", {"prompt": prompt, "temperature": 0, **args}, "run", "local")


def engine(url: str, model: Model | None = None, **times: float) -> OpenAI:
    timeouts = Timeouts(**{"connect_s": 2.0, "first_s": 5.0, "gap_s": 5.0, **times})
    tools = {SEARCH.name: SEARCH}
    return OpenAI(Endpoint(url, KEY, timeouts), model or Model("m"), 4, tools.get)


def spoken(asked: OpenAI, *requests: Request) -> Sequence[Emission]:
    async def scenario() -> Sequence[Emission]:
        try:
            await asked.start()
            return await emissions(asked, *requests)
        finally:
            await asked.stop()

    return asyncio.run(scenario())


def done(asked: OpenAI, request: Request) -> Done:
    end = spoken(asked, request)[-1]
    assert isinstance(end, Done), end
    return end


def fault(asked: OpenAI, request: Request) -> Fault:
    end = spoken(asked, request)[-1]
    assert isinstance(end, Fault), end
    assert KEY not in end.detail
    return end


def text(*pieces: str, finish: str | None = "stop") -> list[Any]:
    chunks: list[Any] = [chunk(BODY, {"content": piece}) for piece in pieces]
    return [*chunks, chunk(BODY, {}, finish), "[DONE]"] if finish else chunks
