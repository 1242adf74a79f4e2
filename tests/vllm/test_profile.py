"""`teola engines profile` on real servers: all that is held out is predicted, the file still loads.

How well it is predicted `make bench-profile` tells: a machine that does other things is no judge.
"""

import json
import shutil
from pathlib import Path

import httpx
import pytest

from api.compose import compose
from api.engines_file import read_engines
from api.settings import Settings
from tests.api.houses import client_of
from tests.api.test_cli import teola
from tests.vllm.servers import Servers

pytestmark = [pytest.mark.vllm, pytest.mark.anyio]
POOLS = {
    "chat": ("--within", "50s", "--longest", "512"),
    "vectors": ("--within", "15s"),
    "ranks": ("--within", "15s"),
}


@pytest.fixture
def engines(servers: Servers, tmp_path: Path) -> Path:
    return Path(shutil.copy(servers.engines, tmp_path / "engines.yaml"))


async def test_three_pools_are_profiled_and_served_with_their_costs(
    servers, engines, tmp_path, monkeypatch
):
    variables = servers.variables | {"TEOLA_ENGINES": str(engines)}
    costs, cached_before = {}, cached(servers)
    for pool, options in POOLS.items():
        done = teola(tmp_path, "engines", "profile", pool, *options, "--json", **variables)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["held_out"]
        assert all(each["measured_ms"] > 0 < each["predicted_ms"] for each in found["held_out"])
        assert found["tokens_counted"]
        costs[pool] = found["costs"]
    assert cached(servers) == cached_before  # no prompt begins like another
    assert {pool.name: pool.options["costs"] for pool in read_engines(engines).pools} == costs
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    settings = Settings(data=tmp_path / "data", engines=engines)
    async with client_of(compose(settings)) as client:
        shown = (await client.get("/v1/engines")).json()["items"]
    assert {pool["name"]: pool["costs"] for pool in shown if pool["costs"]} == costs


def cached(servers: Servers) -> float:
    """Return how many tokens the chat server has found in its cache of prefixes so far."""
    page = httpx.get(f"{servers.chat.root}/metrics").text
    return sum(
        float(line.rpartition(" ")[2])
        for line in page.splitlines()
        if line.startswith("vllm:prefix_cache_hits_total")
    )
