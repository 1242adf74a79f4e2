"""A server of our own that serves a language model tells tokens and warms, once it is there."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

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


def engine(folder: Path, gap_s: float = 5.0) -> VllmLanguage:
    timeouts = Timeouts(connect_s=2.0, first_s=gap_s, gap_s=gap_s)
    return VllmLanguage(
        lambda at: OpenAI(at, Model("steady")),
        Serving("llm", "steady", program=str(program_in(folder))),
        timeouts,
        {"PATH": os.environ["PATH"]},
        60.0,
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
