"""Held against the official client of OpenAI: equal requests on the wire, equal results."""

import json

import numpy as np
import openai
import pytest

from executors.engines.http_client import Endpoint
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.server_errors import refused
from tests.executors.engines.official_client import (
    CHATS,
    STREAMED,
    USER,
    chatting,
    completing,
    equal_on_the_wire,
    official,
    ours,
    used,
)
from tests.executors.engines.openai_server import Play


@pytest.mark.parametrize(("args", "asked"), CHATS)
def test_a_chat_is_asked_for_and_read_as_the_official_client_does(server, args, asked):
    end = ours(chatting(server), "decode", **args)
    text, calls, usage, finish = "", {}, None, None
    with official(server) as client:
        for chunk in client.chat.completions.create(model="m", **asked, **STREAMED):
            usage = chunk.usage or usage
            for choice in chunk.choices:
                finish = choice.finish_reason or finish
                text += choice.delta.content or ""
                for call in choice.delta.tool_calls or ():
                    at = calls.setdefault(call.index, {"id": call.id, "name": "", "arguments": ""})
                    at["name"] += call.function.name or ""
                    at["arguments"] += call.function.arguments or ""
    equal_on_the_wire(server)
    assert end.outputs["text"] == text
    found = [{**call, "arguments": json.loads(call["arguments"])} for call in calls.values()]
    assert end.outputs.get("tool_calls", []) == found
    assert end.usage == used(usage, finish)


def test_a_plain_completion_is_asked_for_and_read_as_the_official_client_does(server):
    end = ours(completing(server), "decode", prompt="é")
    with official(server) as client:
        chunks = list(client.completions.create(model="m", prompt="é", **STREAMED))
    equal_on_the_wire(server)
    *spoken, counted = chunks
    assert end.outputs["text"] == "".join(chunk.choices[0].text for chunk in spoken)
    assert end.usage == used(counted.usage, spoken[-1].choices[0].finish_reason)


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
    kinds = {
        openai.BadRequestError: "bad-request",
        openai.UnprocessableEntityError: "bad-request",
        openai.AuthenticationError: "engine-unauthorised",
        openai.PermissionDeniedError: "engine-unauthorised",
        openai.NotFoundError: "engine-unavailable",
        openai.RateLimitError: "engine-busy",
        openai.InternalServerError: {500: "engine-error"}.get(status, "engine-unavailable"),
    }
    server.play(Play.of({"error": {"message": "no"}}, status=status))
    with official(server) as client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=[USER])  # type: ignore[list-item]
    assert refused(status, b"", None).code == kinds[type(caught.value)]
