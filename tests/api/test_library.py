"""What each tenant has, whoever changes it at the same time."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api import library
from spec.source import Source
from tests.api.houses import GREETING, YAML, client_of, put


@pytest.fixture
def eager_threads():
    """Let threads take turns far more often than they usually do."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("eager_threads")
def test_modules_registered_at_the_same_time_are_all_there(make_house):
    shelves = make_house().library

    def register(name: str) -> bool:
        page = f"module: {name}\nsteps: {{a: {{use: value, value: 1}}}}\noutputs: {{o: $a.value}}\n"
        return shelves.register("local", name, Source(name, page.encode(), "yaml"))

    names = [f"m{n}" for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(register, names))
    assert set(names) <= shelves.modules("local").keys()


@pytest.mark.anyio
async def test_a_plan_is_never_made_on_the_loop(make_house, monkeypatch):
    house, threads = make_house(), []
    plan = library.make_plan

    def watched(*args: Any, **more: Any) -> Any:
        threads.append(threading.current_thread())
        return plan(*args, **more)

    monkeypatch.setattr(library, "make_plan", watched)
    async with client_of(house) as client:
        await client.post("/v1/workflows/validate", content=GREETING, headers=YAML)
        await put(client, "greeting", GREETING)
        inputs = {"name": "Ada"}
        await client.post("/v1/runs", json={"workflow": "greeting", "inputs": inputs})
        before = len(threads)
        await client.post("/v1/runs", json={"workflow": "greeting", "inputs": inputs})
        assert len(threads) == before
        module = "module: m\nsteps: {a: {use: value, value: 1}}\noutputs: {o: $a.value}\n"
        await client.put("/v1/modules/m", content=module, headers=YAML)
        await client.post("/v1/runs", json={"workflow": "greeting", "inputs": inputs})
        body = "spec:\n  " + GREETING.replace("\n", "\n  ") + "\ninputs: {name: Ada}\n"
        answer = await client.post("/v1/runs", content=body, headers=YAML)
        assert answer.status_code == 202
    assert len(threads) == before + 2
    assert threading.main_thread() not in threads
