"""`teola engines profile` from outside: what it writes, prints and refuses, also interrupted."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from api.engines_file import read_engines
from tests.api.test_cli import TEOLA, environment, teola

ENGINES = """\
# Ours.
pools:
  chat: {kind: llm, adapter: emulated, profile: llama-3.1-8b-4090, speed: 50}
  ranks:
    kind: rerank
    adapter: emulated
    profile: bge-reranker-large-3090   # 16 + 1.7·b
    speed: 4
  down: {kind: embedding, adapter: openai, endpoint: "http://127.0.0.1:9/v1", model: none}
  pages: {kind: web, adapter: emulated, profile: search-api}
"""
QUICK = ("--within", "1500ms")


@pytest.fixture
def engines(tmp_path: Path) -> Path:
    path = tmp_path / "engines.yaml"
    path.write_text(ENGINES)
    return path


def profile(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return teola(folder, "engines", "profile", *arguments, TEOLA_ENGINES="engines.yaml")


def test_it_writes_the_costs_under_the_pool_and_shows_how_well_they_predict(tmp_path, engines):
    engines.chmod(0o640)
    done = profile(tmp_path, "ranks", *QUICK)
    assert done.returncode == 0, done.stderr
    lines = engines.read_text().splitlines()
    (added,) = (line for line in lines if line not in ENGINES.splitlines())
    assert lines.index(added) == lines.index("    speed: 4") + 1
    assert added.startswith("    costs: {fixed_ms: ")
    assert engines.stat().st_mode & 0o777 == 0o640
    (ranks,) = (pool for pool in read_engines(engines).pools if pool.name == "ranks")
    assert ranks.options["costs"]["row_ms"] == pytest.approx(1.7 / 4, rel=0.3)
    assert "batch 48 rows of 128 tokens" in done.stdout
    assert "median error" in done.stdout
    assert done.stdout.endswith("engines.yaml: costs of ranks written\n")
    assert done.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["engines.yaml"]


def test_a_language_model_in_json(tmp_path, engines):
    done = profile(tmp_path, "chat", "--within", "20s", "--longest", "512", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["written"] == "engines.yaml"
    assert found["costs"].keys() == {
        "prefill_fixed_ms", "prefill_token_ms", "prefill_square_ms",
        "decode_fixed_ms", "decode_sequence_ms", "decode_token_ms",
    }  # fmt: skip
    assert {each["part"] for each in found["held_out"]} == {"prefill", "decode"}
    assert found["tokens_counted"] is True
    options = read_engines(engines).pools[0].options
    assert options["costs"] == found["costs"]


def test_printed_they_change_no_file_and_are_alone_on_the_output(tmp_path, engines):
    done = profile(tmp_path, "ranks", *QUICK, "--print")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("costs: {fixed_ms: ")
    assert done.stdout.count("\n") == 1
    assert "median error" in done.stderr
    assert engines.read_text() == ENGINES


def test_a_link_stays_a_link(tmp_path, engines):
    engines.rename(tmp_path / "real.yaml")
    engines.symlink_to("real.yaml")
    assert profile(tmp_path, "ranks", *QUICK).returncode == 0
    assert engines.is_symlink()
    assert "costs:" in (tmp_path / "real.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["rank"], 2, "there is no pool 'rank'; did you mean 'ranks'?"),
        (["pages"], 2, "'pages' is web; what can be measured is llm, embedding, rerank"),
        (["ranks", "--within", "soon"], 2, "--within wants a duration such as 90s or 5m"),
        (["chat", "--longest", "9"], 2, "--longest wants 256 tokens or more, not 9"),
        (["vector"], 2, "'vector' is vector"),
        (["chat", "--within", "60ms"], 1, "give more time than --within 60ms, or a shorter --long"),
        (["down", "--within", "5s"], 1, "down failed with engine-unavailable"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(tmp_path, engines, arguments, code, told):
    done = profile(tmp_path, *arguments)
    assert done.returncode == code
    assert told in done.stderr
    assert done.stderr.startswith("teola: ")
    assert done.stdout == ""
    assert engines.read_text() == ENGINES


def test_without_a_file_they_can_only_be_printed(tmp_path):
    done = teola(tmp_path, "engines", "profile", "embedding", "--within", "5s")
    assert done.returncode == 2
    assert "no file declares 'embedding'" in done.stderr
    assert "--print shows the costs instead" in done.stderr


def test_a_file_of_a_form_that_is_not_known_is_refused_before_anything_is_measured(tmp_path):
    text = "pools:\n  a:\n    ? kind\n    : rerank\n    ? adapter\n    : embedded\n"
    (tmp_path / "engines.yaml").write_text(text)
    done = profile(tmp_path, "a")
    assert done.returncode == 2
    assert "engines.yaml cannot be changed safely" in done.stderr
    assert (tmp_path / "engines.yaml").read_text() == text


def test_interrupted_it_leaves_the_file_alone(tmp_path, engines):
    screen, terminal = os.openpty()
    running = subprocess.Popen(
        [*TEOLA, "engines", "profile", "chat", "--within", "1m"], cwd=tmp_path,
        env=environment(tmp_path / "data", TEOLA_ENGINES="engines.yaml"),
        stdout=subprocess.PIPE, stderr=terminal, text=True, start_new_session=True,
        preexec_fn=_heed_interrupts,
    )  # fmt: skip
    os.close(terminal)
    told = os.read(screen, 4096)  # it shows how far it is, so it has begun
    os.killpg(running.pid, signal.SIGINT)
    out, _ = running.communicate(timeout=20)
    told += _rest(screen)
    assert running.returncode not in (0, 2), told
    assert b"Traceback" not in told
    assert out == ""
    assert engines.read_text() == ENGINES


def _heed_interrupts() -> None:
    """Undo what a shell does to all that it starts in the background, these tests perhaps."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _rest(screen: int) -> bytes:
    """Return what is still on a screen whose other side is closed, and close it."""
    found = b""
    with contextlib.suppress(OSError):  # Linux tells the end of a terminal so
        while part := os.read(screen, 4096):
            found += part
    os.close(screen)
    return found
