"""The applications of `workflows/examples/` as they are, over REST on services of their own."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.applications import APPLICATIONS, DOCUMENTS, ROOT, SHELVE
from bench.service import Service
from tests.api.example_runs import by_name, runs, total, with_documents
from tests.executors.engines.openai_server import LocalServer

ENGINES = """\
pools:
  model: {{kind: llm, adapter: openai, endpoint: "{url}", model: m, structured: true}}
  vectors: {{kind: embedding, adapter: openai, endpoint: "{url}", model: e}}
  ranks: {{kind: rerank, adapter: openai_rerank, endpoint: "{url}", model: r}}
  pages: {{kind: web, adapter: corpus, folder: "{folder}"}}
"""
#: What the last answer of each has to say on the embedded engines: it stands in one document alone.
SAID = {
    "naive_rag": "accused of murder",
    "advanced_rag": "Linda Morabito",
    "search_and_generate": "bath of mercury",
    "contextual_retrieval": "26 November 1998",
    "map_reduce_summary": "Two spacecraft left Earth",
    "chat_with_memory": "our insurance policy excludes",
}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, dict[str, Any]]]:
    """A service with no engines but its own, and the folder of pages that stands for the web."""
    path = tmp_path_factory.mktemp("embedded") / "engines.yaml"
    path.write_text(f"pools: {{pages: {{kind: web, adapter: corpus, folder: '{DOCUMENTS}'}}}}")
    with with_documents(TEOLA_ENGINES=str(path)) as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer().up() as server:
        yield server


@pytest.fixture(scope="module")
def declared(
    server: LocalServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, dict[str, Any]]]:
    """A service whose model, vectors and ranks come from a server of OpenAI's API."""
    path = tmp_path_factory.mktemp("declared") / "engines.yaml"
    path.write_text(ENGINES.format(url=server.url, folder=DOCUMENTS))
    with with_documents(TEOLA_ENGINES=str(path)) as opened:
        yield opened


def test_all_that_need_no_tools_are_tried():
    shipped = {path.stem for path in (ROOT / "workflows/examples").glob("*.yaml")}
    assert shipped - {application.name for application in APPLICATIONS} == {"research_agent"}


@by_name
def test_on_the_embedded_engines_it_answers_from_the_documents(embedded, application):
    *_, last = runs(application, *embedded)
    assert last["status"] == "succeeded", last["problem"]
    said = last["outputs"].get("answer") or last["outputs"]["summary"]
    assert SAID[application.name] in " ".join(said.split())
    assert {step["status"] for step in last["steps"]} == {"succeeded"}


@by_name
def test_on_a_server_of_openais_api_its_tokens_are_those_the_server_counts(
    declared, server, application
):
    server.tokens.clear()
    every = list(runs(application, *declared))
    assert [run["status"] for run in every] == ["succeeded"] * len(every), every[-1]["problem"]
    assert total(every) == dict(server.tokens)
    for run in every:
        assert {
            name: sum(step["usage"][name] for step in run["steps"]) for name in run["usage"]
        } == (run["usage"])
    assert every[-1]["usage"]["tokens_out"] > 0


def test_the_commands_of_the_page_about_them_name_what_they_take():
    page = (ROOT / "docs/examples.md").read_text()
    shown = re.findall(r"teola run workflows/examples/(\w+)\.yaml (.*)", page)
    assert [name for name, _ in shown] == [application.name for application in APPLICATIONS]
    for (_, arguments), application in zip(shown, APPLICATIONS, strict=True):
        given = dict(each.split("=", 1) for each in shlex.split(arguments) if "=" in each)
        inputs = application.inputs(0, str, None)
        assert set(given) - set(inputs) == set()
        documents = [given[name] for name in application.documents]
        assert all(Path(each.replace("$D", str(DOCUMENTS))).is_file() for each in documents)
    assert SHELVE in page
