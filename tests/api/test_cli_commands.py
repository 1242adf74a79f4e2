"""`teola plan`, `modules`, `init`, and that every command which prints can print JSON."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from api.shipped import workflows_folder
from tests.api.test_cli import TEOLA, environment, teola
from tests.executors.engines.openai_calls import text
from tests.executors.engines.openai_server import LocalServer, Play

EXAMPLES = sorted((workflows_folder() / "examples").glob("*.yaml"))
RAG = workflows_folder() / "examples/advanced_rag.yaml"


def test_a_plan_shows_operations_pools_and_what_waits_for_what(tmp_path):
    done = teola(tmp_path, "plan", str(RAG))
    assert done.returncode == 0
    lines = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines()]
    rows = {tuple(cells[1:5]) for cells in lines if len(cells) == 6}
    assert ("index", "embed, in pieces", "embedding", "chunks") in rows
    assert ("best", "rerank", "rerank", "hits") in rows
    assert "for_each: opened for each element, 256" in done.stdout
    assert "answer = answer (as it comes)" in done.stdout
    assert "operations: 6, in 6 steps\nparts that are opened while it runs: 3\n" in done.stdout


def test_a_plan_is_the_same_facts_as_json_and_a_picture_as_mermaid(tmp_path):
    found = json.loads(teola(tmp_path, "plan", str(RAG), "--json").stdout)
    assert len(found["primitives"]) == 13
    assert {each["kind"]: each["step"] for each in found["structures"]} == {
        "for_each": "hits", "fold": "answer", "stages": "index",
    }  # fmt: skip
    assert (found["operations"], found["streamed"]) == (6, ["answer"])
    ids = {each["id"] for each in found["primitives"]}
    assert all(set(each["waits_for"]) <= ids for each in found["primitives"])
    assert found["outputs"].keys() == {"answer", "queries", "sources"}
    picture = teola(tmp_path, "plan", str(RAG), "--mermaid").stdout
    assert picture.startswith("flowchart LR\n")
    assert picture.count("subgraph") == 6


def test_what_cannot_be_planned_is_shown_as_by_validate(tmp_path):
    (tmp_path / "bad.yaml").write_text("workflow: bad\nsteps: {a: {use: lmm}}\noutputs: {x: $a}\n")
    planned = teola(tmp_path, "plan", "bad.yaml")
    assert planned.returncode == 3
    assert planned.stdout == ""
    assert "bad.yaml:2:" in planned.stderr
    assert "unknown-module" in planned.stderr
    missing = teola(tmp_path, "plan", "none.yaml")
    assert (missing.returncode, missing.stderr) == (
        2, "teola: cannot read none.yaml: No such file or directory\n",
    )  # fmt: skip


def test_a_plan_waits_for_nothing_that_has_no_row(tmp_path):
    done = teola(tmp_path, "plan", str(workflows_folder() / "examples/map_reduce_summary.yaml"))
    lines = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines()]
    waits = [cells[4] for cells in lines if len(cells) == 6 and cells[2]]
    assert waits == ["nothing", "parts", "for_each"]
    assert "summary = summary (as it comes)" in done.stdout


def test_a_plan_is_of_a_workflow_and_printed_in_one_way(tmp_path):
    module = str(workflows_folder() / "modules/merge.yaml")
    done = teola(tmp_path, "plan", module)
    assert done.returncode == 3
    assert (
        done.stderr == f"teola: {module} is a module; a plan is made of a workflow that uses it\n"
    )
    both = teola(tmp_path, "plan", str(RAG), "--json", "--mermaid")
    assert (both.returncode, both.stdout) == (2, "")
    assert both.stderr == "teola: --json and --mermaid exclude each other\n"


def test_modules_are_listed_and_shown_with_their_page(tmp_path):
    listed = json.loads(teola(tmp_path, "modules", "--json").stdout)["items"]
    names = [each["name"] for each in listed]
    assert names == sorted(path.stem for path in (workflows_folder() / "modules").glob("*.yaml"))
    plain = teola(tmp_path, "modules").stdout
    assert all(name in plain for name in names)
    shown = json.loads(teola(tmp_path, "modules", "search", "--json").stdout)
    top_k = next(each for each in shown["inputs"] if each["id"] == "top_k")
    assert (top_k["type"], top_k["required"], top_k["default"]) == ("integer", False, 10)
    assert shown["source"] == (workflows_folder() / "modules/search.yaml").read_text()
    assert "if left out" in teola(tmp_path, "modules", "search").stdout


def test_a_module_that_is_none_gets_the_nearest_right_name(tmp_path):
    done = teola(tmp_path, "modules", "serch")
    assert done.returncode == 3
    assert done.stderr == "teola: there is no module 'serch'; did you mean search?\n"


@pytest.mark.parametrize("folder", ["mine", "my own's", "."])
def test_what_init_writes_runs_by_the_commands_that_it_says(tmp_path, folder):
    done = teola(tmp_path, "init", folder)
    assert done.returncode == 0
    commands = [line.strip() for line in done.stdout.partition("Now try:")[2].splitlines() if line]
    *commands, last = commands
    assert last == "teola up"
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "teola"
        ran = teola(tmp_path, *arguments)
        assert ran.returncode == 0, ran.stderr
    assert "3 March 1871" in ran.stdout
    engines = teola(tmp_path, "engines", "--json", TEOLA_ENGINES=f"{folder}/engines.yaml")
    assert json.loads(engines.stdout)["items"][0]["name"] == "answers"
    first = (tmp_path / folder / "workflow.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=teola.json"
    schema = teola(tmp_path, "schema").stdout
    assert (tmp_path / folder / "teola.json").read_text() == schema


def test_init_overwrites_nothing_and_then_writes_nothing(tmp_path):
    (tmp_path / "notes.md").write_text("mine")
    done = teola(tmp_path, "init")
    assert done.returncode == 1
    assert done.stderr == "teola: nothing was written, since there is already notes.md\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.md"]
    assert (tmp_path / "notes.md").read_text() == "mine"


def test_init_writes_through_no_link(tmp_path):
    (tmp_path / "notes.md").symlink_to(tmp_path / "elsewhere")
    done = teola(tmp_path, "init")
    assert done.stderr == "teola: nothing was written, since there is already notes.md\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.md"]


def test_init_takes_back_what_it_wrote_when_the_disk_is_full(tmp_path):
    limited = ["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", *TEOLA, "init", "mine"]
    done = subprocess.run(
        limited, cwd=tmp_path, env=environment(tmp_path / "data"), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "teola: cannot write mine: File too large\n"
    assert list((tmp_path / "mine").iterdir()) == []


def test_init_says_where_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    done = teola(tmp_path, "init", "file/inside")
    assert done.returncode == 1
    assert done.stderr.startswith("teola: cannot write file")


@pytest.mark.parametrize(
    "command",
    [
        "init . --json",
        "validate {example} --json",
        "plan {example} --json",
        "modules --json",
        "modules merge --json",
        "engines --json",
        "collections list --json",
        "doctor --json",
        "schema",
        "run {hello} --json",
    ],
)
def test_every_command_that_prints_prints_one_json_document_when_asked(tmp_path, command):
    hello = tmp_path / "hello.yaml"
    hello.write_text(
        "workflow: hello\nsteps: {t: {use: text, template: Hello}}\noutputs: {t: $t}\n"
    )
    done = teola(tmp_path, *command.format(example=EXAMPLES[0], hello=hello).split())
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert isinstance(json.loads(done.stdout), dict)


def test_json_of_a_missing_collection_is_still_a_plain_refusal(tmp_path: Path):
    done = teola(tmp_path, "collections", "show", "none", "--json")
    assert done.returncode != 0
    assert done.stdout == ""


def test_text_that_is_taken_back_is_told_apart_from_what_follows(tmp_path):
    with LocalServer().up() as server:
        server.play(Play.events(*text("Half a", finish=None), cut=True))
        (tmp_path / "engines.yaml").write_text(
            f"pools: {{m: {{kind: llm, adapter: openai, model: m, endpoint: '{server.url}'}}}}\n"
        )
        (tmp_path / "say.yaml").write_text(
            "workflow: say\nsteps: {s: {use: llm, prompt: Hello, retry: 1}}\n"
            "outputs: {x: $s.text}\nstream: [x]\n"
        )
        done = teola(tmp_path, "run", "say.yaml", TEOLA_ENGINES="engines.yaml")
    assert done.returncode == 0, done.stderr
    begun, told, after = done.stdout.partition("x: begun anew")
    assert begun.strip() == "Half a"
    assert told
    assert after.split("run_")[0].strip().startswith("You said: Hello")


def test_replies_that_were_cut_off_are_told_below_the_answer(tmp_path):
    with LocalServer().up() as server:
        (tmp_path / "engines.yaml").write_text(
            f"pools: {{m: {{kind: llm, adapter: openai, model: m, endpoint: '{server.url}'}}}}\n"
        )
        (tmp_path / "say.yaml").write_text(
            "workflow: say\n"
            "steps:\n"
            "  each: {for_each: [a, b, c], use: llm, prompt: 'Say {{ item }}', max_tokens: 2}\n"
            "  whole: {use: llm, prompt: 'Say d'}\n"
            "outputs: {x: $each.text, y: $whole.text}\n"
        )
        shown = teola(tmp_path, "run", "say.yaml", TEOLA_ENGINES="engines.yaml")
        told = teola(tmp_path, "run", "say.yaml", "--json", TEOLA_ENGINES="engines.yaml")
    assert shown.returncode == 0, shown.stderr
    assert "each: 3 replies were cut off at the most tokens it may have (`max_tokens`)" in (
        shown.stdout
    )
    assert "whole: " not in shown.stdout
    run = json.loads(told.stdout)
    assert run["usage"]["replies_cut"] == 3
    assert {step["id"]: step["usage"]["replies_cut"] for step in run["steps"]} == {
        "each": 3,
        "whole": 0,
    }
