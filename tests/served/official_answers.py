"""What OpenAI's own client reads of a real server, and that our engines read the same."""

from typing import Any

import numpy as np
import openai

from executors.engines.openai import OpenAI
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.usage import Usage
from tests.executors.engines.official_client import STREAMED, ours
from tests.served.starting import Server

GREEDY = {"temperature": 0}
TEXTS = ["a", "é☃"]


def official(server: Server, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key=key, max_retries=0)


def counted(usage: Any) -> Usage:
    """Return what both have to agree on: what is cached depends on who asks first."""
    return Usage(usage.prompt_tokens, usage.completion_tokens) if usage else Usage()


def same_chat(
    engine: OpenAI, client: openai.OpenAI, args: dict[str, Any], asked: dict[str, Any]
) -> Usage:
    """See that both read the same text and tokens; return the tokens."""
    end = ours(engine, "decode", **{**args, **GREEDY})
    text, usage = "", None
    body = {**asked, **GREEDY, **STREAMED, "model": engine.traits.model}
    for chunk in client.chat.completions.create(**body):
        usage = chunk.usage or usage
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
    assert end.outputs["text"] == text
    assert Usage(end.usage.tokens_in, end.usage.tokens_out) == counted(usage)
    return counted(usage)


def same_vectors(engine: OpenAIEmbeddings, client: openai.OpenAI) -> None:
    """See that both read the same numbers and tokens."""
    end = ours(engine, "embed", texts=TEXTS)
    found = client.embeddings.create(
        model=engine.traits.model, input=TEXTS, encoding_format="float"
    )
    theirs = np.array([row.embedding for row in found.data], np.float32)
    assert np.allclose(end.outputs["vectors"], theirs, atol=1e-5)
    assert end.usage.tokens_in == found.usage.prompt_tokens > 0
