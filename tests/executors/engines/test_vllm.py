"""The life of a vLLM server that we start ourselves, with a program that stands in for it.

What the real one does is held to the same in `tests/vllm`.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from executors.engines.engine import (
    Condition,
    Done,
    Emission,
    EngineFailed,
    Fault,
    Load,
    Request,
)
from executors.engines.http_client import Timeouts
from executors.engines.openai import OpenAI
from executors.engines.openai_request import Model
from executors.engines.vllm import Vllm
from executors.engines.vllm_serve import Serving, program_of
from tests.executors.engines.contract import EngineContract, answers, batch
from tests.executors.engines.openai_calls import SEARCH, decode
from tests.executors.engines.test_kept_process import is_gone
from tests.executors.engines.vllm_stand_in import pids_in, program_in


@pytest.fixture
def house(tmp_path: Path) -> Iterator["House"]:
    yield (made := House(tmp_path))
    assert all(map(is_gone, made.pids()))


class House:
    """Where servers are started, and what has been."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = str(program_in(folder))

    def pids(self) -> list[int]:
        return pids_in(self._folder)

    def engine(
        self, model: str = "steady", gap_s: float = 5.0, start_s: float = 60.0, **more: str
    ) -> Vllm:
        return Vllm(
            lambda at: OpenAI(at, Model(model), 4, {SEARCH.name: SEARCH}.get),
            Serving("llm", model, **{"program": self._program, **more}),
            Timeouts(connect_s=2.0, first_s=gap_s, gap_s=gap_s),
            {"PATH": os.environ["PATH"]},
            start_s,
        )


def during(engine: Vllm, scenario: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        try:
            await scenario()
        finally:
            await engine.stop()

    asyncio.run(whole())


async def end(engine: Vllm, request: Request) -> Done | Fault:
    return (await answers(engine, request))[request.id]


class TestVllm(EngineContract):
    @pytest.fixture(autouse=True)
    def _house(self, house: House) -> None:
        self.house = house

    def make(self) -> Vllm:
        return self.house.engine()

    def good(self) -> list[Request]:
        return [decode(1), decode(2, "Two", max_tokens=3), decode(3, tools=["search"])]

    def bad(self) -> list[Request]:
        return [decode(1, None), decode(2, temperature=float("nan"))]


def test_a_server_is_started_once_and_says_how_busy_it_is(house):
    engine = house.engine()

    async def scenario():
        assert await engine.condition() == Condition("not started")
        engine.warm()
        assert await engine.condition() == Condition("starting")
        await asyncio.gather(engine.start(), engine.start())
        ends = await asyncio.gather(*(end(engine, decode(at)) for at in range(3)))
        assert all(isinstance(each, Done) for each in ends)
        assert await engine.condition() == Condition(
            "ready", load=Load(3, 0, 0.25, 7, 0, prefix_tokens=64, prefix_tokens_cached=32)
        )
        assert len(house.pids()) == 1

    during(engine, scenario)
    with pytest.raises(EngineFailed, match="stopped"):
        asyncio.run(end(engine, decode(1)))


@pytest.mark.parametrize(
    ("model", "more", "code", "why"),
    [
        ("absent", {}, "engine-unavailable", "vLLM ended with status 1: ValueError: there is no"),
        ("steady", {"program": "/none/vllm"}, "engine-unavailable", "/none/vllm: No such file"),
        ("endless", {"start_s": 1.0}, "engine-unavailable", "not ready within 1 s"),
        ("hasty", {}, "bad-request", "temperature must be finite"),
    ],
)
def test_whoever_waits_is_told_why_a_server_does_not_start(house, model, more, code, why):
    engine = house.engine(model, **more)

    async def scenario():
        for _ in range(2):  # another try, the same end
            with pytest.raises(EngineFailed, match=why) as caught:
                await engine.start()
            assert caught.value.code == code
        condition = await engine.condition()
        assert (condition.state, condition.restarts) == ("starting", 1)
        assert why in condition.trouble

    during(engine, scenario)


def test_calls_begun_by_a_server_that_dies_fail_and_all_others_are_answered_by_the_next(house):
    engine = house.engine()

    async def scenario():
        await engine.start()
        begun = asyncio.Event()

        async def inside() -> list[Emission]:
            seen = []
            async for emission in engine.run(batch(decode(1, "Begin"))):
                seen.append(emission)
                begun.set()
            return seen

        call = asyncio.create_task(inside())
        await begun.wait()
        os.kill(house.pids()[-1], signal.SIGKILL)
        *_, fault = await call
        assert isinstance(fault, Fault)
        assert (fault.code, fault.transient) == ("engine-error", True)
        later = await asyncio.gather(*(end(engine, decode(at)) for at in range(3)))
        assert all(isinstance(each, Done) for each in later)
        condition = await engine.condition()
        assert (condition.state, condition.restarts) == ("ready", 1)
        assert condition.trouble == "vLLM was ended by signal 9"

    during(engine, scenario)
    assert len(house.pids()) == 2


def test_a_server_that_is_frozen_is_ended_and_replaced(house):
    engine = house.engine(gap_s=2.5)

    async def scenario():
        await engine.start()
        os.kill(house.pids()[-1], signal.SIGSTOP)
        fault = await end(engine, decode(1))
        assert isinstance(fault, Fault)
        assert (fault.code, fault.transient) == ("engine-timeout", True)
        await asyncio.to_thread(is_gone, house.pids()[0])
        assert isinstance(await end(engine, decode(2)), Done)
        assert (await engine.condition()).restarts == 1

    during(engine, scenario)


def test_a_server_that_is_only_slow_is_left_alone(house):
    engine = house.engine("stuck", gap_s=1.0)

    async def scenario():
        await engine.start()
        for _ in range(2):
            fault = await end(engine, decode(1))
            assert isinstance(fault, Fault)
            assert fault.code == "engine-timeout"
        condition = await engine.condition()
        assert (condition.state, condition.trouble, condition.restarts) == ("ready", "", 0)

    during(engine, scenario)
    assert len(house.pids()) == 1


def test_whoever_leaves_while_a_server_starts_does_not_stop_it(house):
    engine = house.engine()

    async def scenario():
        first = asyncio.create_task(engine.start())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait({first})
        await engine.start()
        assert len(house.pids()) == 1

    during(engine, scenario)


def test_a_command_line_says_what_is_served_and_never_the_key():
    serving = Serving(
        kind="llm",
        model="org/model",
        gpus=(2, 3),
        dtype="bfloat16",
        tensor_parallel=2,
        flags={"enforce-eager": True, "enable-prefix-caching": False, "max-model-len": 4096,
               "structured-outputs-config": {"backend": "xgrammar"}},
    )  # fmt: skip
    program = program_of(serving, 8100, "sk-secret", {"PATH": "/bin"})
    assert " ".join(program.command) == (
        "vllm serve org/model --host 127.0.0.1 --port 8100 --served-model-name org/model"
        " --disable-uvicorn-access-log --scheduling-policy priority --enable-prompt-tokens-details"
        " --enable-tokenizer-info-endpoint --dtype bfloat16 --tensor-parallel-size 2"
        " --pipeline-parallel-size 1 --enforce-eager"
        " --no-enable-prefix-caching --max-model-len 4096"
        ' --structured-outputs-config {"backend": "xgrammar"}'
    )
    assert program.environment == {
        "PATH": "/bin", "CUDA_VISIBLE_DEVICES": "2,3", "VLLM_API_KEY": "sk-secret",
        "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1",
    }  # fmt: skip
    assert "sk-secret" not in repr(program)
    pooled = program_of(Serving("rerank", "m"), 1, "k", {}).command
    assert pooled[-6:] == [
        "--runner", "pooling", "--tensor-parallel-size", "1", "--pipeline-parallel-size", "1",
    ]  # fmt: skip


def test_a_machine_that_has_no_process_left_is_told_and_asked_again(house, monkeypatch):
    engine = house.engine()
    create = asyncio.create_subprocess_exec
    refusals = iter([OSError(11, "Resource temporarily unavailable")])

    async def scarce(*command, **more):
        if (refusal := next(refusals, None)) is not None:
            raise refusal
        return await create(*command, **more)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", scarce)

    async def scenario():
        with pytest.raises(EngineFailed, match="cannot be started: Resource temporarily"):
            await engine.start()
        assert isinstance(await end(engine, decode(1)), Done)

    during(engine, scenario)
