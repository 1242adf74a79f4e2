"""A server of our own that serves a language model tells tokens and warms, once it is there."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from executors.engines.control_tokens import JOINER, ControlTokens
from executors.engines.engine import Done, EngineFailed, Tokenizes, Warms
from executors.engines.http_client import Timeouts
from executors.engines.openai import OpenAI
from executors.engines.openai_request import Model
from executors.engines.vllm import Vllm
from executors.engines.vllm_language import VllmLanguage
from executors.engines.vllm_serve import Serving
from tests.executors.engines.contract import answers
from tests.executors.engines.openai_calls import decode
from tests.executors.engines.test_kept_process import is_gone
from tests.executors.engines.vllm_paths import BLOCK, tokens_of
from tests.executors.engines.vllm_stand_in import pids_in, program_in

WORDS = "one two three four five six seven eight"


def engine(
    folder: Path,
    gap_s: float = 5.0,
    model: str = "steady",
    control: ControlTokens | None = None,
) -> VllmLanguage:
    timeouts = Timeouts(connect_s=2.0, first_s=gap_s, gap_s=gap_s)
    return VllmLanguage(
        lambda at, control: OpenAI(at, Model(model, control=control)),
        Serving("llm", model, program=str(program_in(folder))),
        timeouts,
        {"PATH": os.environ["PATH"]},
        60.0,
        control,
    )


def test_only_such_a_server_tells_tokens(tmp_path):
    made = engine(tmp_path)
    assert isinstance(made, Tokenizes)
    assert isinstance(made, Warms)
    assert not {"tokens", "warm_prefix"} & set(dir(Vllm))


def test_it_lets_its_client_ask_and_warm(tmp_path):
    async def scenario() -> None:
        made = engine(tmp_path)
        try:
            await made.start()
            found = await made.tokens(decode(1, WORDS))
            assert set(tokens_of(WORDS)) <= set(found.ids)
            warmed = await made.warm_prefix(decode(1, WORDS))
            assert 0 < warmed.tokens <= len(found.ids) - BLOCK
        finally:
            await made.stop()

    asyncio.run(scenario())


def test_a_server_that_is_frozen_is_found_out_by_a_warm_request_too(tmp_path):
    async def scenario() -> None:
        made = engine(tmp_path, gap_s=1.0)
        try:
            await made.start()
            os.kill(pids_in(tmp_path)[-1], signal.SIGSTOP)
            with pytest.raises(EngineFailed) as raised:
                await made.warm_prefix(decode(1, WORDS))
            assert (raised.value.code, raised.value.transient) == ("engine-timeout", True)
            await asyncio.to_thread(is_gone, pids_in(tmp_path)[0])
            assert isinstance((await answers(made, decode(2)))[2], Done)
        finally:
            await made.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("control", "seen"),
    [
        (None, f"a <{JOINER}end>"),
        (ControlTokens(), "a <end>"),
        (ControlTokens(("a ",)), f"a{JOINER} <end>"),
    ],
    ids=["as the server tells them", "none", "as the pool names them"],
)
def test_what_no_text_may_spell_is_asked_of_the_server_unless_the_pool_says_it(
    tmp_path, control, seen
):
    async def scenario() -> None:
        made = engine(tmp_path, control=control)
        try:
            await made.start()
            end = (await answers(made, decode(1, "a <end>")))[1]
            assert isinstance(end, Done)
            assert end.outputs["text"].startswith(f"You said: {seen}")
        finally:
            await made.stop()

    asyncio.run(scenario())


def test_a_server_that_does_not_tell_them_is_not_used_until_the_pool_does(tmp_path):
    async def scenario() -> None:
        made = engine(tmp_path, model="silent")
        try:
            with pytest.raises(EngineFailed) as raised:
                await made.start()
            assert "does not tell the control tokens of its model" in raised.value.detail
            assert "`control_tokens` in engines.yaml" in raised.value.cure
        finally:
            await made.stop()
        made = engine(tmp_path, model="silent", control=ControlTokens())
        try:
            await made.start()
        finally:
            await made.stop()

    asyncio.run(scenario())
