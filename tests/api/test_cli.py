"""The command line, from outside: real processes, their words and exit codes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest

from tests.api.houses import GREETING

ROOT = Path(__file__).resolve().parents[2]
TEOLA = [sys.executable, "-c", "from api.cli import main; main()"]
TELL = """\
workflow: tell
inputs: {documents: "file[]", count: integer, name: string}
steps:
  line: {use: text, template: "{{ inputs.documents | each(\\"{name} \\") }}{{ inputs.count }}"}
outputs: {line: $line.text, documents: $inputs.documents}
"""


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TEOLA_")}
    return kept | {"PYTHONPATH": str(ROOT), "TEOLA_DATA": str(data), "COLUMNS": "100"} | more


def teola(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TEOLA, *arguments], cwd=folder, env=environment(folder / "data", **more),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@contextmanager
def up(folder: Path, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the service on a free port; give the process and its address."""
    process = subprocess.Popen(
        [*TEOLA, "up", "--port", "0"], cwd=folder, env=environment(folder / "data", **more),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    try:
        found = re.search(r"at (http://\S+)\n  docs  \1/docs\n", _until_ready(process.stdout))
        assert found, process.communicate(timeout=30)
        yield process, found.group(1)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_help_is_quick_because_nothing_heavy_is_imported(tmp_path):
    asked = "import sys; from api.cli import app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked], env=environment(tmp_path), capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert not loaded & {"fastapi", "uvicorn", "numpy", "pydantic", "llama_index", "onnxruntime"}
    helped = teola(tmp_path, "--help")
    assert helped.returncode == 0
    assert all(word in helped.stdout for word in ("up", "run", "doctor", "Exit codes"))


def test_putting_a_house_together_loads_no_engine(tmp_path):
    asked = (
        "import sys; from pathlib import Path; from api.compose import compose;"
        "from api.settings import Settings; from api.app import create_app;"
        f"create_app(compose(Settings(data=Path({str(tmp_path)!r})))); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], env=environment(tmp_path), capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    heavy = {"faiss", "llama_index", "onnx", "onnxruntime", "safetensors", "tokenizers", "torch"}
    assert not heavy & set(done.stdout.split())


def test_a_workflow_is_run_without_a_server(tmp_path):
    (tmp_path / "greeting.yaml").write_text(GREETING)
    done = teola(tmp_path, "run", "greeting.yaml", "--input", "name=Ada")
    assert done.returncode == 0, done.stderr
    assert "Hello, Ada." in done.stdout
    assert re.search(r"line +│ inline", done.stdout)
    assert "succeeded in" in done.stdout


def test_options_become_inputs_of_the_declared_types(tmp_path):
    (tmp_path / "tell.yaml").write_text(TELL)
    for name in ("one.txt", "two.md"):
        (tmp_path / name).write_text(f"# Words of {name}\n")
    done = teola(
        tmp_path, "run", "tell.yaml", "--json", "-i", "count=3", "-i", "name=7",
        "-f", "documents=one.txt", "-f", "documents=two.md",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["outputs"]["line"] == "one.txt two.md 3"
    assert run["inputs"]["name"] == "7"
    assert [file["name"] for file in run["inputs"]["documents"]] == ["one.txt", "two.md"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "bad.yaml"], 3, "bad.yaml:4:15: unknown-module"),
        (["run", "greeting.yaml"], 3, "the input `name` is missing"),
        (["run", "greeting.yaml", "-i", "nam=Ada"], 3, "did you mean 'name'?"),
        (["run", "greeting.yaml", "-i", "name"], 2, "wants id=value"),
        (["run", "greeting.yaml", "-i", "name=a", "-i", "name=b"], 2, "given twice"),
        (["run", "tell.yaml", "-i", "count=x"], 2, "wants JSON"),
        (["run", "tell.yaml", "-i", "count=NaN"], 2, "not a JSON value"),
        (["run", "tell.yaml", "-i", "count=" + "[" * 3_000], 2, "depth_max"),
        (["run", "tell.yaml", "-f", "documents=none.txt"], 2, "cannot read none.txt"),
        (["run", "tell.yaml", "-f", "documents=empty.txt"], 3, "holds nothing"),
        (["run", "none.yaml"], 2, "cannot read none.yaml"),
        (["run"], 2, "Missing argument"),
        (["fly"], 2, "No such command"),
    ],
)
def test_what_cannot_be_run_says_why(tmp_path, arguments, code, said):
    (tmp_path / "greeting.yaml").write_text(GREETING)
    (tmp_path / "bad.yaml").write_text(GREETING.replace("use: text", "use: txt"))
    (tmp_path / "tell.yaml").write_text(TELL)
    (tmp_path / "empty.txt").write_text("")
    done = teola(tmp_path, *arguments)
    assert done.returncode == code, done.stderr
    assert said in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr


def test_a_problem_is_shown_on_its_page_with_a_caret(tmp_path):
    (tmp_path / "bad.yaml").write_text(GREETING.replace("use: text", "use: txt"))
    done = teola(tmp_path, "run", "bad.yaml")
    assert '4 |   line: {use: txt, template: "Hello, {{ inputs.name }}."}' in done.stderr
    assert "^ did you mean `text`?" in done.stderr


SHOUT = """\
module: shout
inputs: {text: string}
steps: {it: {use: text, template: "$upper(inputs.text)"}}
outputs: {text: $it.text}
"""


def test_documents_are_validated_together_without_running(tmp_path):
    (tmp_path / "greeting.yaml").write_text(
        GREETING.replace("{use: text, template:", "{use: twice, text:")
    )
    folder = tmp_path / "more"
    folder.mkdir()
    twice = SHOUT.replace("shout", "twice").replace("use: text, template", "use: shout, text")
    (folder / "a_twice.yml").write_text(twice)
    (folder / "b_shout.yaml").write_text(SHOUT)
    done = teola(tmp_path, "validate", "greeting.yaml", "more")
    assert (done.returncode, done.stdout) == (
        0, "greeting.yaml: valid\nmore/a_twice.yml: valid\nmore/b_shout.yaml: valid\n",
    )  # fmt: skip
    assert not (tmp_path / "data").exists()


def test_what_is_not_valid_is_shown_on_its_page_or_as_json(tmp_path):
    (tmp_path / "greeting.yaml").write_text(GREETING)
    bad = GREETING.replace('"Hello, {{ inputs.name }}."', "$uper(inputs.name)")
    (tmp_path / "bad.yaml").write_text(bad)
    done = teola(tmp_path, "validate", "greeting.yaml", "bad.yaml")
    assert done.returncode == 3
    assert done.stdout.startswith(
        "greeting.yaml: valid\nbad.yaml:4:32: unknown-function: there is no function `uper`"
    )
    assert "^ did you mean `upper`?" in done.stdout
    printed = teola(tmp_path, "validate", "--json", "greeting.yaml", "bad.yaml")
    assert printed.returncode == 3
    found = json.loads(printed.stdout)
    assert [file["valid"] for file in found["files"]] == [True, False]
    (error,) = found["files"][1]["errors"]
    assert (error["code"], error["line"], error["column"]) == ("unknown-function", 4, 32)


@pytest.mark.parametrize(
    ("path", "said"), [("none.yaml", "cannot read none.yaml"), ("empty", "there is no .yaml")]
)
def test_a_path_without_documents_is_said_to_be_so(tmp_path, path, said):
    (tmp_path / "empty").mkdir()
    done = teola(tmp_path, "validate", path)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_malformed_setting_is_refused(tmp_path):
    done = teola(tmp_path, "up", TEOLA_PROT="1")
    assert (done.returncode, done.stderr) == (
        2, "teola: TEOLA_PROT: no such setting; did you mean TEOLA_PORT?\n",
    )  # fmt: skip


def test_a_taken_port_is_said_to_be_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = teola(tmp_path, "up", "--port", str(port))
    assert done.returncode == 4
    assert f"127.0.0.1:{port} (it is taken); choose another" in done.stderr


def test_a_data_folder_that_cannot_be_used_is_said_to_be_so(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "greeting.yaml").write_text(GREETING)
    for command in (["up", "--port", "0"], ["run", "greeting.yaml", "-i", "name=Ada"]):
        done = teola(tmp_path, *command, "--data", "file")
        assert done.returncode == 1
        assert "teola: file cannot be used" in done.stderr
        assert "TEOLA_DATA" in done.stderr


def test_the_schema_for_editors_is_printed_or_written(tmp_path):
    printed = teola(tmp_path, "schema")
    assert printed.returncode == 0, printed.stderr
    schema = json.loads(printed.stdout)
    assert "What to look for. (string)" in printed.stdout
    assert schema["definitions"]["use:search"]["required"] == ["index", "query"]
    written = teola(tmp_path, "schema", "--output", "teola.json")
    assert (written.returncode, written.stdout) == (0, "")
    assert (tmp_path / "teola.json").read_text(encoding="utf-8") == printed.stdout


def test_a_schema_that_cannot_be_written_says_why(tmp_path):
    done = teola(tmp_path, "schema", "--output", "none/teola.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot write none/teola.json: No such file or directory" in done.stderr


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_the_service_says_where_it_is_and_leaves_in_good_order(tmp_path, sign):
    with up(tmp_path) as (process, address):
        assert httpx.get(f"{address}/readyz").status_code == 200
        assert httpx.get(f"{address}/docs").status_code == 200
        process.send_signal(sign)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Traceback" not in err


def test_a_run_is_explained_by_the_service_that_ran_it(tmp_path):
    with up(tmp_path) as (_, address), httpx.Client(base_url=address, timeout=30) as client:
        body = {"spec": _greeting(), "inputs": {"name": "Ada"}}
        run = client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"}).json()["id"]
        shown = teola(tmp_path, "explain", run, "--server", address)
        as_json = teola(tmp_path, "explain", run, "--server", address, "--json")
        unknown = teola(tmp_path, "explain", "run_0", "--server", address)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"{run} succeeded after ")
    assert json.loads(as_json.stdout)["path"][-1] == "output:greeting"
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == f"teola: {address} knows no run run_0 (any more)\n"
    gone = teola(tmp_path, "explain", run, "--server", address)
    assert gone.returncode == 1
    assert gone.stderr.startswith(f"teola: {address} could not be asked: ")


def test_a_run_here_is_explained_in_the_end_if_asked(tmp_path):
    (tmp_path / "greeting.yaml").write_text(GREETING)
    done = teola(tmp_path, "run", "greeting.yaml", "--input", "name=Ada", "--explain")
    assert done.returncode == 0, done.stderr
    assert "along the critical path:" in done.stdout
    assert "* output:greeting" in done.stdout
    done = teola(tmp_path, "run", "greeting.yaml", "--input", "name=Ada", "--explain", "--json")
    assert json.loads(done.stdout)["status"] == "succeeded"
    assert "along the critical path:" in done.stderr


def test_a_service_told_to_stop_ends_its_streams(tmp_path):
    with up(tmp_path) as (process, address), httpx.Client(base_url=address, timeout=30) as client:
        body = {"spec": _slow(), "inputs": {}}
        headers = {"Accept": "text/event-stream"}
        with client.stream("POST", "/v1/runs", json=body, headers=headers) as answer:
            lines = answer.iter_lines()
            next(lines)
            process.send_signal(signal.SIGTERM)
            events = [line for line in lines if line.startswith("event: ")]
        assert events[-1] in ("event: draining", "event: run.finished")
        assert process.wait(timeout=30) == 0


def test_logs_are_one_json_line_per_run_without_inputs(tmp_path):
    with up(tmp_path, TEOLA_LOG="json") as (process, address):
        body = {"spec": _greeting(), "inputs": {"name": "SECRET"}}
        answer = httpx.post(f"{address}/v1/runs", json=body, headers={"Prefer": "wait=30"})
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    (line,) = [json.loads(line) for line in err.splitlines()]
    assert (line["event"], line["run"], line["status"]) == (
        "run", answer.json()["id"], "succeeded",
    )  # fmt: skip
    assert "SECRET" not in err


def test_the_doctor_finds_everything_or_names_the_cure(tmp_path):
    found = teola(tmp_path, "doctor", TEOLA_PORT="0")
    assert found.returncode == 0, found.stdout
    assert "everything needed is here" in found.stdout
    (tmp_path / "file").write_text("")
    missing = teola(tmp_path, "doctor", "--data", "file", TEOLA_PORT="0")
    assert missing.returncode == 1
    assert "cure: set TEOLA_DATA" in missing.stdout


def _until_ready(out: IO[str]) -> str:
    lines = []
    for line in out:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    return "".join(lines)


def _greeting() -> dict[str, object]:
    return {
        "workflow": "greeting",
        "inputs": {"name": "string"},
        "steps": {"line": {"use": "text", "template": "Hello, {{ inputs.name }}."}},
        "outputs": {"greeting": "$line.text"},
    }


def _slow() -> dict[str, object]:
    words = "word " * 20_000
    return {
        "workflow": "slow",
        "steps": {"chunks": {"use": "chunk", "text": words, "size": 8}},
        "outputs": {"items": "$chunks.items"},
    }
