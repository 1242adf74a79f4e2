"""Tokens asked of a server, prompts warmed, order and cache: what goes over the wire, and back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from executors.engines.engine import (
    Done,
    EngineFailed,
    Fault,
    Request,
    Tokenizes,
    Tokens,
    Warmed,
    Warms,
)
from executors.engines.openai import OpenAI
from executors.engines.openai_request import Model
from executors.usage import Usage
from tests.executors.engines.openai_calls import decode, done, engine, fault, spoken
from tests.executors.engines.openai_server import LocalServer, Play, counted
from tests.executors.engines.vllm_paths import BLOCK, CONTEXT, rendered, tokens_of, with_vllm_paths

WORDS = " ".join(f"w{at}" for at in range(20))


@pytest.fixture
def vllm(server: LocalServer) -> LocalServer:
    server.otherwise = with_vllm_paths
    return server


def asked(of: OpenAI, ask: Callable[[OpenAI], Awaitable[Any]]) -> Any:
    async def scenario() -> Any:
        try:
            await of.start()
            return await ask(of)
        finally:
            await of.stop()

    return asyncio.run(scenario())


def tokens(of: OpenAI, request: Request) -> Tokens:
    found = asked(of, lambda each: each.tokens(request))
    assert isinstance(found, Tokens)
    return found


def warmed(of: OpenAI, *requests: Request) -> list[Warmed]:
    async def each(of: OpenAI) -> list[Warmed]:
        return [await of.warm_prefix(request) for request in requests]

    found: list[Warmed] = asked(of, each)
    return found


def refusal(of: OpenAI, ask: Callable[[OpenAI], Awaitable[Any]]) -> EngineFailed:
    with pytest.raises(EngineFailed) as raised:
        asked(of, ask)
    return raised.value


def bodies(server: LocalServer, path: str) -> list[Any]:
    return [seen.body for seen in server.seen if seen.path == path]


def test_an_engine_of_this_api_tells_tokens_and_warms(server):
    assert isinstance(engine(server.url), Tokenizes)
    assert isinstance(engine(server.url), Warms)


# --- tokens ---


def test_the_tokens_of_a_chat_are_those_of_the_servers_template(vllm):
    request = decode(1, "Hello", system="Be brief.", tools=["search"], max_tokens=9)
    found = tokens(engine(vllm.url), request)
    (body,) = bodies(vllm, "/tokenize")
    assert set(body) == {"model", "messages", "tools"}
    assert found == Tokens(tuple(tokens_of(rendered(body))), CONTEXT)
    assert "<system>\nBe brief.<end>" in rendered(body)


def test_the_tokens_of_a_plain_prompt(vllm):
    found = tokens(engine(vllm.url, Model("m", api="completions")), decode(1, "one two"))
    assert found.ids == tuple(tokens_of("one two"))
    assert bodies(vllm, "/tokenize") == [{"model": "m", "prompt": "one two"}]


def test_a_server_that_has_no_tokens_to_tell_is_said_to_have_none(server):
    refused = refusal(engine(server.url), lambda of: of.tokens(decode(1)))
    assert (refused.code, refused.transient) == ("unsupported-op", False)
    assert "does not tell the tokens of a prompt" in refused.detail


@pytest.mark.parametrize(
    ("play", "code", "transient"),
    [
        (Play.of({}, status=401), "engine-unauthorised", False),
        (Play.of({}, status=503), "engine-unavailable", True),
        (Play(stalls=True), "engine-timeout", True),
        (Play((b"<html>",)), "bad-reply", False),
        (Play.of([1]), "bad-reply", False),
        (Play.of({"tokens": [1, -1], "max_model_len": 9}), "bad-reply", False),
        (Play.of({"tokens": [True], "max_model_len": 9}), "bad-reply", False),
        (Play.of({"tokens": [1], "max_model_len": None}), "bad-reply", False),
    ],
)
def test_what_goes_wrong_with_tokens_is_told_by_the_table_of_all_servers(
    vllm, play, code, transient
):
    vllm.play(play)
    refused = refusal(engine(vllm.url, first_s=0.5), lambda of: of.tokens(decode(1)))
    assert (refused.code, refused.transient) == (code, transient)


def test_what_may_not_leave_for_an_answer_does_not_for_its_tokens(vllm):
    for ask in (OpenAI.tokens, OpenAI.warm_prefix):
        refused = refusal(engine(vllm.url), lambda of, ask=ask: ask(of, decode(1, "\ud800")))
        assert refused.code == "bad-request"
    assert not vllm.seen


# --- warm requests ---


def test_what_holds_however_the_prompt_goes_on_is_read_beforehand(vllm):
    model = Model("m", priorities=True, cache_per_tenant=True)
    (found,) = warmed(engine(vllm.url, model), decode(1, WORDS, system="Be brief.", seed=3))
    known = tokens_of(f"<system>\nBe brief.<end>\n<user>\n{WORDS}")
    kept = (len(known) - 1) // BLOCK * BLOCK - BLOCK  # the last word may go on
    (body,) = bodies(vllm, "/v1/completions")
    assert body.pop("cache_salt")
    assert body == {
        "model": "m", "prompt": known[:kept], "max_tokens": 1, "temperature": 0, "priority": 100,
    }  # fmt: skip
    assert found == Warmed(kept, Usage(kept, 1, BLOCK))  # and no reply of a user's has been cut


def test_where_only_an_earlier_message_is_known_its_end_is_warmed_too(vllm):
    history = [{"role": "user", "content": WORDS}]
    one = decode(1, None, messages=history)  # that message may go on
    other = decode(2, "", messages=history)  # another one follows it
    first, second = warmed(engine(vllm.url), one, other)
    assert 0 < first.tokens < second.tokens


def test_a_plain_prompt_is_warmed_too(vllm):
    model = Model("m", api="completions", block_tokens=8)
    (found,) = warmed(engine(vllm.url, model), decode(1, WORDS))
    assert found.tokens == 24  # of 39, the last of which may become another
    assert bodies(vllm, "/metrics") == []  # the pool says what a block is


def test_a_part_of_less_than_two_blocks_sends_nothing_to_warm(vllm):
    (found,) = warmed(engine(vllm.url), decode(1, "Hi"))
    assert found == Warmed(0, Usage())
    assert bodies(vllm, "/v1/completions") == []


def test_the_server_is_asked_once_how_its_cache_is_cut(vllm):
    warmed(engine(vllm.url), decode(1, WORDS), decode(2, WORDS))
    assert [seen.path for seen in vllm.seen].count("/metrics") == 1


def test_a_server_that_does_not_say_how_its_cache_is_cut_needs_a_pool_that_does(vllm):
    vllm.play(Play((b"# nothing\n",), media="text/plain"))
    refused = refusal(engine(vllm.url), lambda of: of.warm_prefix(decode(1, WORDS)))
    assert (refused.code, refused.transient) == ("unsupported-op", False)
    assert "`block_tokens`" in refused.detail


def test_a_warm_request_that_fails_is_nobody_elses_failure(vllm):
    async def both(of: OpenAI) -> Any:
        with pytest.raises(EngineFailed) as raised:
            await of.warm_prefix(decode(1, WORDS))
        return raised.value

    of = engine(vllm.url, Model("m", block_tokens=BLOCK))
    vllm.play(with_vllm_paths, with_vllm_paths, Play.of({}, status=429))
    assert asked(of, both).code == "engine-busy"
    assert done(of, decode(2, WORDS)).outputs["text"]


def ahead(prompt: str) -> Request:
    return Request(
        1, "partial_prefill", {"prompt": prompt, "system": None, "messages": []}, "r", "t"
    )


def test_a_hint_is_answered_with_what_it_has_cost_and_says_nothing(vllm):
    model = Model("m", block_tokens=BLOCK)
    (told,) = spoken(engine(vllm.url, model), ahead(WORDS))
    (body,) = bodies(vllm, "/v1/completions")
    assert told == Done(1, {}, Usage(len(body["prompt"]), 1, BLOCK))


def test_a_hint_that_fails_is_told_as_what_it_is(server):
    of = engine(server.url, Model("m", block_tokens=BLOCK))  # the server tells no tokens
    (told,) = spoken(of, ahead(WORDS))
    assert isinstance(told, Fault)
    assert (told.code, told.transient) == ("unsupported-op", False)


@pytest.mark.parametrize(
    ("known", "warms"),
    [({}, False), ({"priorities": True}, True), ({"cache_per_tenant": True}, True),
     ({"block_tokens": 16}, True)],
)  # fmt: skip
def test_only_a_server_that_is_known_to_have_what_it_needs_is_sent_hints(known, warms):
    ops = engine("http://127.0.0.1:1/v1", Model("m", **known)).traits.ops
    assert ("partial_prefill" in ops) is warms


@pytest.mark.parametrize(
    ("answer", "code", "usage"),
    [
        ({"error": {"message": "no", "code": 429}, "usage": counted(9, 1)}, "engine-busy", (9, 1)),
        ({"error": {"message": "no", "code": 500}}, "engine-error", (0, 0)),
        ({"choices": []}, "bad-reply", (0, 0)),
        ([], "bad-reply", (0, 0)),
    ],
)
def test_a_warm_request_that_fails_costs_what_the_server_has_told(vllm, answer, code, usage):
    vllm.play(with_vllm_paths, with_vllm_paths, Play.of(answer))
    of = engine(vllm.url, Model("m", block_tokens=BLOCK))
    refused = refusal(of, lambda each: each.warm_prefix(decode(1, WORDS)))
    assert (refused.code, refused.usage) == (code, Usage(*usage))


# --- how the server is to treat a request ---


def test_priorities_go_where_the_pool_says_so_with_their_sign_turned(server):
    first = decode(1)
    for order, model in ((3, Model("m", priorities=True)), (-20, Model("m", priorities=True)),
                         (3, Model("m"))):  # fmt: skip
        done(engine(server.url, model), Request(1, "decode", first.args, "r", "t", 0, order))
    assert [seen.body.get("priority") for seen in server.seen] == [-3, 20, None]


@pytest.mark.parametrize("order", [True, 1.0, "1", 101, -101, None])
def test_a_priority_that_is_none_does_not_leave(server, order):
    request = Request(1, "decode", decode(1).args, "r", "t", 0, order)
    refused = fault(engine(server.url, Model("m", priorities=True)), request)
    assert refused.code == "bad-request"
    assert refused.detail == "`priority` must be a whole number from -100 to 100"
    assert not server.seen


def test_each_tenant_has_a_salt_of_its_own_the_same_for_warm_and_real_requests(vllm):
    of = engine(vllm.url, Model("m", cache_per_tenant=True))
    requests = [Request(1, "decode", {"prompt": WORDS}, "r", tenant) for tenant in ("a@/", "b")]
    warmed(of, *requests)
    for request in requests:
        done(of, request)
    warm, real = (bodies(vllm, f"/v1/{path}") for path in ("completions", "chat/completions"))
    salts = [body["cache_salt"] for body in warm]
    assert salts == [body["cache_salt"] for body in real]
    assert len(set(salts)) == 2
    assert all(salt.isalnum() and len(salt) <= 128 for salt in salts)
