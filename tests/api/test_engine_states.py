"""Whether a declared pool could be used: servers are asked, folders and packages looked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.engine_states import engine_states
from api.engines_file import PoolSetting
from tests.executors.engines.openai_server import LocalServer, Play


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer().up() as server:
        yield server


def trouble(pool: PoolSetting, **variables: str) -> str:
    (state,) = engine_states([pool], variables.get)
    return state.trouble


def served(url: str, **more: object) -> PoolSetting:
    return PoolSetting("p", "llm", "openai", {"endpoint": url, "model": "m", **more})


def test_a_server_that_answers_can_be_used(server):
    assert trouble(served(server.url, api_key_env="KEY"), KEY="k1") == ""
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("GET", "/v1/models")
    assert seen.headers["authorization"] == "Bearer k1"


@pytest.mark.parametrize("status", [400, 404, 405, 429])
def test_a_server_without_such_a_list_can_be_used_too(server, status):
    server.play(Play.of({}, status=status))
    assert trouble(served(server.url)) == ""


@pytest.mark.parametrize("status", [301, 401, 403, 500, 503])
def test_a_server_that_refuses_cannot(server, status):
    server.play(Play.of({}, status=status))
    assert f"answered {status}" in trouble(served(server.url))


def test_a_server_that_is_not_there_cannot():
    with LocalServer().up() as gone:
        url = gone.url
    assert trouble(served(url)) == "the server cannot be reached"


def test_a_key_that_is_not_set_is_told_and_nobody_asked(server):
    assert "variable KEY is not set" in trouble(served(server.url, api_key_env="KEY"))
    assert server.seen == []


def test_a_search_server_is_asked_whether_it_is_well(server):
    options = {"endpoint": server.url.removesuffix("/v1")}
    server.play(Play((b"OK",), media="text/plain"))
    assert trouble(PoolSetting("w", "web", "searxng", options)) == ""
    assert server.seen[0].path == "/healthz"


def test_a_folder_has_to_be_one(tmp_path: Path):
    assert trouble(PoolSetting("w", "web", "corpus", {"folder": str(tmp_path)})) == ""
    missing = str(tmp_path / "none")
    assert "is no folder" in trouble(PoolSetting("w", "web", "corpus", {"folder": missing}))


def test_what_is_embedded_needs_its_packages_alone():
    pools = [PoolSetting("v", "vector", "faiss"), PoolSetting("e", "embedding", "minilm")]
    assert [state.trouble for state in engine_states(pools, {}.get)] == ["", ""]
