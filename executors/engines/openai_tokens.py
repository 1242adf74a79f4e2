"""Prompts as tokens, asked of a server that has `/tokenize` beside OpenAI's API, as vLLM has.

The tokenizer and the template of a chat are the server's; nothing of either is known here.
"""

from collections.abc import Mapping
from typing import Any

from executors.engines.engine import Tokens
from executors.engines.http_client import HttpClient
from executors.engines.openai_request import Model
from executors.engines.server_errors import ServerFailed, not_understood

PATH = "/tokenize"
_ABSENT = (404, 405)


async def ask_tokens(http: HttpClient, model: Model, said: Mapping[str, Any]) -> Tokens:
    """Return the prompt that `said` is, as `openai_request.said_of` has it, as tokens.

    Raise `ServerFailed`.
    """
    if not model.dialect.tokenizes:
        raise ServerFailed(
            "unsupported-op", "such a server does not tell the tokens of a prompt", transient=False
        )
    try:
        found = await http.ask(PATH, {"model": model.name, **said}, at=http.endpoint.root)
    except ServerFailed as error:
        if error.status in _ABSENT:
            detail = f"the server does not tell the tokens of a prompt: {error.detail}"
            raise ServerFailed("unsupported-op", detail, transient=False) from None
        raise
    return _read(found)


def _read(found: Any) -> Tokens:
    ids, context = (found.get(key) if isinstance(found, dict) else None for key in _KEYS)
    if not isinstance(ids, list) or not all(type(id) is int and id >= 0 for id in ids):
        raise not_understood("its `tokens` are no list of numbers")
    if type(context) is not int or context < 1:
        raise not_understood("its `max_model_len` is no number of tokens")
    return Tokens(tuple(ids), context)


_KEYS = ("tokens", "max_model_len")
