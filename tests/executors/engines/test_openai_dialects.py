"""What differs between servers of one API: what each kind is sent, and no more than that."""

import asyncio
import json

import pytest

from api.engines_file import SCHEMA
from executors.engines.engine import Done, EngineFailed
from executors.engines.http_client import Endpoint
from executors.engines.openai_dialects import DIALECTS
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model, body_of
from tests.executors.engines.contract import end_of
from tests.executors.engines.openai_calls import decode, done, engine
from tests.executors.engines.server_contracts import embed

STOPS = ["1", "2", "3", "4", "END", "ND!"]
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}
ASKED = {"max_tokens": 9, "stop": STOPS, "form": "json", "schema": OBJECT}
USUAL = {
    "model": "m",
    "messages": [{"role": "user", "content": "Hello"}],
    "temperature": 0,
    "max_tokens": 9,
    "stop": STOPS[:4],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "reply", "schema": OBJECT, "strict": False},
    },
    "stream": True,
    "stream_options": {"include_usage": True},
}
OPENAI = {**USUAL, "max_completion_tokens": 9}
del OPENAI["max_tokens"]
LLAMA = {**USUAL, "stop": STOPS, "response_format": {"type": "json_object", "schema": OBJECT}}
del LLAMA["stream_options"]
COUNTED = {"include_usage": True, "continuous_usage_stats": True}
BODIES = {
    "any": USUAL,
    "openai": OPENAI,
    "vllm": {**USUAL, "stream_options": COUNTED},
    "llama-cpp-python": LLAMA,
}


@pytest.mark.parametrize("name", DIALECTS)
def test_each_kind_of_server_is_sent_what_it_takes(name):
    model = Model("m", structured=True, dialect=DIALECTS[name])
    assert body_of(decode(1, **ASKED), model, lambda _: None) == BODIES[name]


def test_a_plain_completion_has_its_bound_under_its_old_name():
    model = Model("m", api="completions", dialect=DIALECTS["openai"])
    assert body_of(decode(1, max_tokens=9), model, lambda _: None)["max_tokens"] == 9


def test_stop_strings_that_a_server_is_told_of_are_left_to_it(server):
    model = Model("m", dialect=DIALECTS["llama-cpp-python"])
    assert done(engine(server.url, model), decode(1, "a END b", stop=STOPS)).outputs["text"]
    assert server.seen[0].body["stop"] == STOPS


@pytest.mark.parametrize("name", ["openai", "llama-cpp-python"])
def test_what_a_server_lacks_it_is_not_asked_for(server, name):
    asked = engine(server.url, Model("m", block_tokens=4, dialect=DIALECTS[name]))

    async def scenario() -> None:
        await asked.start()
        for verb in (asked.tokens, asked.warm_prefix):
            with pytest.raises(EngineFailed, match="does not tell the tokens") as failed:
                await verb(decode(1))
            assert failed.value.code == "unsupported-op"
        await asked.stop()

    asyncio.run(scenario())
    assert server.seen == []


@pytest.mark.parametrize("name", DIALECTS)
def test_an_empty_text_is_sent_as_one_where_a_server_embeds_it(server, name):
    asked = OpenAIEmbeddings(Endpoint(server.url), "e", dialect=DIALECTS[name])
    assert isinstance(end_of(asked, embed(1, "one", "")), Done)
    takes_none = name in ("openai", "llama-cpp-python")
    assert server.seen[0].body["input"] == ["one", " " if takes_none else ""]


def test_every_kind_can_be_named_in_engines_yaml():
    assert json.loads(SCHEMA.read_text())["$defs"]["server"]["enum"] == list(DIALECTS)
