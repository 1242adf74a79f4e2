"""The applications of `workflows/examples/` over REST, all their models on vLLM."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bench.applications import DOCUMENTS
from bench.service import Service
from tests.api.example_runs import by_name, runs, total, with_documents
from tests.vllm.servers import Server, Servers

pytestmark = pytest.mark.vllm
#: Applications whose lists are ended early, once a run each; and what may be said meanwhile.
LISTS = ("advanced_rag",)
SAID_UNHEARD_MAX = 4


@pytest.fixture(scope="module")
def opened(servers: Servers) -> Iterator[tuple[Service, dict[str, Any]]]:
    with with_documents(**servers.variables, TEOLA_CORPUS=str(DOCUMENTS)) as opened:
        yield opened


@by_name
def test_it_succeeds_and_its_tokens_are_those_that_vllm_counts(servers, opened, application):
    every_server = (servers.chat, servers.embedding, servers.rerank)
    before = {server: tokens(server) for server in every_server}
    every = list(runs(application, *opened))
    assert [run["status"] for run in every] == ["succeeded"] * len(every), every[-1]["problem"]
    assert {step["status"] for run in every for step in run["steps"]} <= {"succeeded", "skipped"}
    counted = {
        name: sum(tokens(server)[name] - before[server][name] for server in every_server)
        for name in ("in", "out")
    }
    told = total(every)
    assert told["in"] == counted["in"]
    # A list that is ended once it is closed: the server is a token further before it hears of it.
    unheard = SAID_UNHEARD_MAX * len(every) if application.name in LISTS else 0
    assert 0 <= counted["out"] - told["out"] <= unheard


def tokens(server: Server) -> dict[str, int]:
    """Return how many tokens a server has read and written since it was started."""
    names = {"vllm:prompt_tokens_total": "in", "vllm:generation_tokens_total": "out"}
    found = dict.fromkeys(names.values(), 0)
    for line in httpx.get(f"{server.root}/metrics").text.splitlines():
        name, _, value = line.partition("{")
        if name in names:
            found[names[name]] += int(float(value.rpartition(" ")[2]))
    return found
