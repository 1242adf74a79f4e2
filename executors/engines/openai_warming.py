"""Warm requests: the known beginning of a prompt put into a server's cache before its end is known.

The beginning goes as token ids to `/completions`, for one token that nobody reads; the call itself
comes later with the whole prompt, so no answer depends on what is done here.
"""

from collections.abc import Mapping
from typing import Any

from executors.engines.engine import Tokens, Warmed
from executors.engines.firewall import PRIORITY_MAX
from executors.engines.http_client import HttpClient
from executors.engines.openai_reply import usage_of
from executors.engines.openai_request import PATHS, Model, treated
from executors.engines.openai_tokens import ask_tokens
from executors.engines.server_errors import (
    ServerFailed,
    costing,
    not_understood,
    refused_within,
)
from executors.engines.vllm_load import read_block_tokens
from executors.engines.warm_cut import CONTINUATIONS, warm_cut
from executors.usage import NOTHING, Usage


class Warming:
    """Warm requests to one server, over connections that no call waits for."""

    def __init__(self, http: HttpClient, model: Model) -> None:
        self._http = http
        self._model = model
        self._block_tokens = model.block_tokens

    async def warm(self, said: Mapping[str, Any], tenant: str) -> Warmed:
        """Warm what holds of `said`, however its last text goes on. Raise `ServerFailed`."""
        block = await self._block()
        one, other = [await self._rendered(said, more) for more in CONTINUATIONS]
        cut = warm_cut(one.ids, other.ids, block)
        if not cut:
            return Warmed(0, NOTHING)
        body = {
            "model": self._model.name,
            "prompt": one.ids[:cut],
            "max_tokens": 1,
            "temperature": 0,
            # After all else that waits: whoever waits for this does not know it yet.
            **treated(self._model, tenant, -PRIORITY_MAX),
        }
        found = await self._http.ask(PATHS["completions"], body)
        return Warmed(cut, _cost(found, self._http.endpoint.key))

    async def _rendered(self, said: Mapping[str, Any], more: str) -> Tokens:
        return await ask_tokens(self._http, self._model, continued(said, more))

    async def _block(self) -> int:
        """Return the tokens of one block of the server's cache. Raise `ServerFailed`."""
        if self._block_tokens is None:
            self._block_tokens = await self._asked_block()
        return self._block_tokens

    async def _asked_block(self) -> int:
        try:
            page = (await self._http.read("/metrics", at=self._http.endpoint.root)).decode()
            block = read_block_tokens(page)
        except (ServerFailed, ValueError) as error:
            if isinstance(error, ServerFailed) and error.transient:
                raise
            block = None
        if block is None:
            detail = "the server does not say how its cache is cut. Give the pool `block_tokens`."
            raise ServerFailed("unsupported-op", detail, transient=False)
        return block


def _cost(found: Any, secret: str | None) -> Usage:
    """Return what an answer has cost. Raise `ServerFailed`, with the cost, if it is a failure."""
    told = found.get("usage") if isinstance(found, dict) else None
    counted = usage_of(told) if isinstance(told, dict) else NOTHING
    with costing(counted):
        if isinstance(found, dict) and found.get("error"):
            raise refused_within(found["error"], secret)
        if not isinstance(told, dict):
            raise not_understood("it does not count tokens")
    return counted


def continued(said: Mapping[str, Any], more: str) -> dict[str, Any]:
    """Return what was said with `more` after its last text.

    >>> continued({"messages": [{"role": "user", "content": "a"}]}, "b")
    {'messages': [{'role': 'user', 'content': 'ab'}]}
    >>> continued({"prompt": "a"}, "b")
    {'prompt': 'ab'}
    """
    if "prompt" in said:
        return {**said, "prompt": said["prompt"] + more}
    *before, last = said["messages"]
    return {**said, "messages": [*before, {**last, "content": last["content"] + more}]}
