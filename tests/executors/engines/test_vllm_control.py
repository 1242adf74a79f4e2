"""What no text may spell, from what a server tells of its tokenizer."""

import asyncio

import pytest

from executors.engines.engine import EngineFailed
from executors.engines.http_client import Endpoint, HttpClient
from executors.engines.vllm_control import ask_control, control_of
from tests.executors.engines.openai_server import LocalServer, Play

#: As some models have it that put their thoughts before a reply.
TEMPLATE = """\
{%- for message in messages %}{{ '<|start|>' + message.role }}
{%- if '</think>' in message.content %}{{ message.content.split("</think>")[-1] }}
{%- elif "<seen>" not in message.content and message.content.startswith('<tool>') %}<tool>
{%- endif %}<|end|>{%- endfor %}"""


def added(*texts: object) -> dict[str, object]:
    return {"added_tokens_decoder": dict(enumerate(texts))}


@pytest.mark.parametrize(
    ("told", "spelled"),
    [
        (added("<|start|>", "<|end|>"), ("<|end|>", "<|start|>")),
        (added({"content": "<s>", "special": True}, "</s>"), ("</s>", "<s>")),
        (added("\n", "  ", "\t\t", "a", "<s>"), ("<s>",)),
        (added(), ()),
        (
            added("<|start|>", "<|end|>", "<think>", "</think>", "<seen>", "<tool>")
            | {"chat_template": TEMPLATE},
            ("<think>", "<|end|>", "<|start|>"),
        ),
        (added("<s>") | {"chat_template": [{"name": "default"}]}, ("<s>",)),
    ],
)
def test_all_that_is_one_token_may_not_be_spelled_but_what_the_template_looks_for(told, spelled):
    assert control_of(told).spelled == spelled


@pytest.mark.parametrize(
    "told", [None, [], {}, {"added_tokens_decoder": []}, added(1), added({"content": None})]
)
def test_what_is_not_told_is_not_taken_for_nothing(told):
    with pytest.raises(ValueError, match="its tokenizer names"):
        control_of(told)


@pytest.mark.parametrize(
    ("play", "transient"),
    [(Play.of({}, status=404), False), (Play.of({}, status=503), True), (Play.of({}), False)],
)
def test_a_server_that_does_not_tell_is_said_not_to_with_the_cure(
    server: LocalServer, play, transient
):
    async def scenario() -> None:
        http = HttpClient(Endpoint(server.url.removesuffix("/v1")), 1)
        await http.start()
        try:
            await ask_control(http)
        finally:
            await http.stop()

    server.play(play)
    with pytest.raises(EngineFailed, match="control_tokens") as raised:
        asyncio.run(scenario())
    assert (raised.value.code, raised.value.transient) == ("engine-unavailable", transient)
    assert [seen.path for seen in server.seen] == ["/tokenizer_info"]
