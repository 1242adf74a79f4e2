"""Tokens of work that is given up, and what else the line of `vllm` says, on real servers."""

import asyncio
from contextlib import aclosing

import pytest
import yaml

from bench.service import Service, service
from executors.engines.engine import Batch, Delta, FirstToken
from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_dialects import DIALECTS
from executors.engines.openai_request import Model
from executors.scheduler.events import BatchId
from tests.executors.engines.openai_calls import SEARCH, decode, done
from tests.served.starting import ask

pytestmark = pytest.mark.vllm
PIECES = 20
DIALECT = DIALECTS["vllm"]
#: A reply that goes on for as long as it is let.
ENDLESS = {
    "form": "json",
    "schema": {
        "type": "object",
        "properties": {"a": {"type": "string", "minLength": 30_000}},
        "required": ["a"],
    },
}
#: The tiny model has 562 tokens to say to this.
PAGE = """\
workflow: long
steps:
  s:
    use: llm
    prompt: How does it work?
outputs: {x: $s.text}
stream: [x]
"""


def chat(servers, **more) -> OpenAI:
    model = Model(servers.chat.model, structured=True, dialect=DIALECT, **more)
    return OpenAI(Endpoint(servers.chat.url, servers.key), model, 4, {SEARCH.name: SEARCH}.get)


async def beginning(engine: OpenAI) -> list[Delta]:
    """Return the first pieces of a reply, which is then given up."""
    call, found = Batch(BatchId(1), (decode(1, max_tokens=400, **ENDLESS),)), []
    try:
        await engine.start()
        async with aclosing(engine.run(call)) as emissions:
            while len(found) < PIECES:
                if not isinstance(emission := await anext(emissions), FirstToken):
                    assert isinstance(emission, Delta), emission
                    found.append(emission)
    finally:
        await engine.stop()
    return found


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_each_piece_says_what_the_reply_has_cost_so_far(servers, api):
    read = done(chat(servers, api=api), decode(1, max_tokens=1)).usage.tokens_in
    pieces = asyncio.run(beginning(chat(servers, api=api)))
    counts = [piece.usage.tokens_out for piece in pieces if piece.usage is not None]
    assert {piece.usage.tokens_in for piece in pieces if piece.usage is not None} == {read}
    assert len(counts) == PIECES
    assert counts == sorted(set(counts))
    assert counts[-1] >= PIECES


def test_the_tokens_of_a_cancelled_run_are_counted(servers):
    with service(**servers.variables) as teola:
        run = teola.run_page(PAGE, {})
        assert run["status"] == "succeeded", run["problem"]
        whole, usage = run["usage"], cancelled(teola)
    assert usage["tokens_in"] == whole["tokens_in"]
    assert PIECES <= usage["tokens_out"] < whole["tokens_out"]


def cancelled(teola: Service) -> dict[str, int]:
    """Return what a run has cost that is cancelled once its engine has said some pieces."""
    http, stream, body = teola.http, {"Accept": "text/event-stream"}, {"spec": yaml.safe_load(PAGE)}
    with http.stream("POST", "/v1/runs", json=body, headers=stream) as answer:
        said = (line for line in answer.iter_lines() if line == "event: output.delta")
        for _ in range(PIECES):
            next(said)
        run = answer.headers["Location"]
        http.post(f"{run}/cancel").raise_for_status()
    ended = http.get(run, params={"wait": 50}).json()
    assert ended["status"] == "cancelled"
    return dict(ended["usage"])


def test_it_refuses_more_than_four_stop_strings(servers):
    body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 1}
    for stops, status in ((4, 200), (5, 400)):
        asked = {**body, "stop": [f"never {at}" for at in range(stops)]}
        assert ask(servers.chat, servers.key, "/chat/completions", asked).status_code == status
