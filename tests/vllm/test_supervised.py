"""A service that starts its own vLLM: ready, killed, frozen, gone, over REST and for real."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.test_cli import up
from tests.executors.engines.test_kept_process import is_gone, parent
from tests.vllm.servers import CHECKPOINTS, VLLM

pytestmark = pytest.mark.vllm
ENGINES = f"""\
pools:
  chat:
    kind: llm
    adapter: vllm
    program: {VLLM}
    model: {CHECKPOINTS / "chat"}
    dtype: float32
    start_within: 6m
    timeouts: {{first: 20s, gap: 10s}}
    flags:
      {{enforce-eager: true, gpu-memory-utilization: 0.05, kv-cache-memory-bytes: 134217728,
        block-size: 32, max-model-len: 8192}}
"""
#: So many calls that they are not over when the first have begun.
LONG = """\
workflow: long
inputs: {topics: "string[]"}
steps:
  told:
    for_each: $inputs.topics
    use: llm
    prompt: "Tell {{ item }}"
    temperature: 1.5
    seed: 1
outputs: {told: $told.text}
"""
SHORT = """\
workflow: short
steps: {said: {use: llm, prompt: Hello, max_tokens: 4, retry: 2}}
outputs: {said: $said.text}
"""
NO_MODEL = """\
workflow: plain
steps: {said: {use: text, template: Hello}}
outputs: {said: $said.text}
"""
TOPICS = {"topics": [f"topic {number}" for number in range(200)]}


@dataclass(frozen=True)
class Running:
    """A service and what it has started."""

    process: subprocess.Popen[str]
    client: httpx.Client

    def run(self, spec: str, **inputs: Any) -> str:
        answer = self.client.post("/v1/runs", json={"spec": as_data(spec), "inputs": inputs})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def ended(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/v1/runs/{run}", params={"wait": 50}).json()
        while found["status"] in ("queued", "running"):
            found = self.client.get(f"/v1/runs/{run}", params={"wait": 50}).json()
        return found

    def server(self) -> dict[str, Any]:
        (found,) = self.client.get("/v1/engines/chat").json()["servers"]
        return dict(found)

    def busy(self) -> None:
        """Return when calls are with vLLM."""
        until = time.monotonic() + 60
        while self.client.get("/v1/engines/chat").json()["busy"] == 0:
            assert time.monotonic() < until

    def family(self) -> list[int]:
        """Return all that the service has started, and what that has, the keeper's child first."""
        found = [self.process.pid]
        pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
        for pid in found:
            found += [each for each in pids if _parent(each) == pid]
        return found[1:]

    def vllm(self) -> int:
        """Return the process of `vllm serve`."""
        return next(pid for pid in self.family() if "serve" in _words(pid))

    def core(self) -> int:
        """Return the process of its engine."""
        serve = self.vllm()
        (core,) = [
            pid for pid in self.family() if _parent(pid) == serve and "EngineCore" in _name(pid)
        ]
        return core


def answered(running: Running) -> None:
    """See that a call is answered: one sent before a frozen server is ended is tried again."""
    run = running.ended(running.run(SHORT))
    assert run["status"] == "succeeded", run["problem"]


def as_data(spec: str) -> Any:
    import yaml

    return yaml.safe_load(spec)


def _parent(pid: int) -> int:
    try:
        return parent(str(pid))
    except OSError:
        return 0  # it has ended meanwhile


def _words(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text() + " ".join(_words(pid))


@contextmanager
def service(folder: Path) -> Iterator[Running]:
    engines = folder / "engines.yaml"
    engines.write_text(ENGINES)
    with (
        up(folder, TEOLA_ENGINES=str(engines), HF_HUB_OFFLINE="1") as (process, url),
        httpx.Client(base_url=url, timeout=120) as client,
    ):
        yield Running(process, client)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service(tmp_path_factory.mktemp("supervised")) as running:
        yield running


def test_a_call_waits_for_the_server_and_is_answered(running):
    answered(running)
    server = running.server()
    assert (server["state"], server["trouble"], server["restarts"]) == ("ready", "", 0)
    assert server["load"]["tokens_out"] >= 5
    key = {word for pid in running.family() for word in _words(pid) if "--api-key" in word}
    assert key == set()


def test_what_answers_over_http_has_a_core_to_itself(running):
    answered(running)
    cores = os.sched_getaffinity(0)
    serve, core = map(os.sched_getaffinity, (running.vllm(), running.core()))
    assert (serve, core) == (({max(cores)}, cores - serve) if len(cores) > 1 else (cores, cores))


@pytest.mark.parametrize(
    ("harm", "codes"),
    [
        (signal.SIGKILL, {"engine-error", "engine-unavailable"}),
        (signal.SIGSTOP, {"engine-timeout", "engine-error"}),
    ],
)
def test_a_server_that_dies_or_freezes_in_the_middle_harms_its_calls_alone(running, harm, codes):
    restarts = running.server()["restarts"]
    long = running.run(LONG, **TOPICS)
    running.busy()
    os.kill(running.vllm(), harm)
    others = running.run(NO_MODEL)
    assert running.ended(others)["status"] == "succeeded"
    failed = running.ended(long)
    assert failed["status"] == "failed"
    problem = failed["problem"]
    assert problem["code"] in codes, problem
    assert (problem["step"], problem["line"], problem["pool"]) == ("told", 1, "chat")
    assert not failed["outputs"]
    answered(running)
    server = running.server()
    assert (server["state"], server["restarts"]) == ("ready", restarts + 1)
    assert server["trouble"] == "vLLM was ended by signal 9"


def test_an_engine_that_dies_behind_its_server_is_replaced(running):
    restarts = running.server()["restarts"]
    serve = running.vllm()
    os.kill(running.core(), signal.SIGKILL)
    assert is_gone(serve)
    answered(running)
    assert running.server()["restarts"] == restarts + 1


def test_nothing_is_left_when_the_service_is_killed(running, capsys):
    family = running.family()
    assert len(family) >= 3  # the keeper, the server, the engine
    running.process.kill()
    began = time.monotonic()
    assert all(map(is_gone, family))
    took_s = time.monotonic() - began
    with capsys.disabled():
        sys.stdout.write(f"{len(family)} processes were gone {took_s:.1f} s after SIGKILL ")
