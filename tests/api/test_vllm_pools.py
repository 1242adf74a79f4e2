"""The service over servers that it starts itself: ready, told, and gone with it."""

import json
import signal
import time
from pathlib import Path

import httpx
import pytest

from api.compose import compose
from api.engines_file import BadEngines
from api.settings import Settings
from tests.api.test_cli import teola, up
from tests.executors.engines.test_kept_process import is_gone
from tests.executors.engines.vllm_stand_in import pids_in, program_in

WAIT = {"Prefer": "wait=50"}
HELLO = {
    "spec": {
        "workflow": "say",
        "steps": {"say": {"use": "llm", "prompt": "Hello"}},
        "outputs": {"said": "$say.text"},
    }
}


def declared(folder: Path, model: str = "steady", more: str = "") -> str:
    file = folder / "engines.yaml"
    file.write_text(
        f"pools:\n  chat: {{kind: llm, adapter: vllm, model: {model}, replicas: 2,"
        f" program: {program_in(folder)}{more}}}\n"
    )
    return str(file)


def both_started(folder: Path) -> list[int]:
    """Return both servers once they are there: one answers, perhaps before the other is begun."""
    until = time.monotonic() + 60
    while len(found := pids_in(folder)) < 2:
        assert time.monotonic() < until
    return found


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_servers_start_with_the_service_and_end_with_it_however_it_ends(tmp_path, end):
    with up(tmp_path, TEOLA_ENGINES=declared(tmp_path)) as (process, url):
        with httpx.Client(base_url=url, timeout=60) as client:
            run = client.post("/v1/runs", json=HELLO, headers=WAIT).json()
            assert run["status"] == "succeeded", run
            assert run["outputs"]["said"].startswith("You said: Hello")
            pool = client.get("/v1/engines/chat").json()
        started = both_started(tmp_path)
        assert (pool["engine"], pool["model"], pool["state"]) == ("vllm", "steady", "ready")
        assert len(pool["servers"]) == 2
        ready = [each for each in pool["servers"] if each["state"] == "ready"]
        assert ready[0]["load"]["prefix_tokens_cached"] == 32
        process.send_signal(end)
        process.wait()
    assert all(map(is_gone, started))


def test_a_run_without_a_service_starts_a_server_and_leaves_none(tmp_path):
    (tmp_path / "say.json").write_text(json.dumps(HELLO["spec"]))
    done = teola(tmp_path, "run", "say.json", TEOLA_ENGINES=declared(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "You said: Hello" in done.stdout
    assert len(pids_in(tmp_path)) == 1  # one call, one replica
    assert all(map(is_gone, pids_in(tmp_path)))


def test_a_step_whose_server_does_not_start_says_why_and_where(tmp_path):
    (tmp_path / "say.json").write_text(json.dumps(HELLO["spec"]))
    done = teola(tmp_path, "run", "say.json", TEOLA_ENGINES=declared(tmp_path, "absent"))
    assert done.returncode == 1
    assert "say.json:1: " in done.stdout
    assert "vLLM ended with status 1: ValueError: there is no model absent" in done.stdout


def test_each_replica_has_devices_of_its_own_or_none_has(tmp_path):
    engines = Path(declared(tmp_path, more=", gpus: [[0, 1]]"))
    with pytest.raises(BadEngines, match="1 lists of devices are not one for each of the repl"):
        compose(Settings(data=tmp_path / "data", engines=engines))


def test_a_program_that_is_not_there_is_told_before_anybody_needs_it(tmp_path):
    engines = declared(tmp_path)
    assert teola(tmp_path, "engines", TEOLA_ENGINES=engines).returncode == 0
    (tmp_path / "vllm").unlink()
    listed = teola(tmp_path, "engines", "--json", TEOLA_ENGINES=engines)
    assert listed.returncode == 1
    troubles = {each["name"]: each["trouble"] for each in json.loads(listed.stdout)["items"]}
    assert troubles["chat"] == f"there is no program {tmp_path}/vllm"
