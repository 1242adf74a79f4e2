"""Prompts whose beginnings are read ahead, by applications over REST on a real server."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench.service import Service
from tests.api.example_runs import with_documents
from tests.vllm.salted import Salted
from tests.vllm.servers import Servers
from tests.vllm.split_runs import applications, run_split

pytestmark = pytest.mark.vllm


@pytest.fixture(scope="module")
def salted(servers: Servers) -> Iterator[Salted]:
    with Salted(servers.chat.url).up() as salted:
        yield salted


@pytest.fixture(scope="module")
def opened(servers, salted, tmp_path_factory) -> Iterator[tuple[Service, dict[str, Any]]]:
    engines = tmp_path_factory.mktemp("salted") / "engines.yaml"
    engines.write_text(servers.engines.read_text().replace(servers.chat.url, salted.url))
    with with_documents(**{**servers.variables, "TEOLA_ENGINES": str(engines)}) as opened:
        yield opened


@pytest.mark.parametrize("application", applications(), ids=lambda each: each.name)
def test_calls_find_what_was_read_ahead_and_nothing_else_changes(opened, salted, application):
    off, on = (
        run_split(application, *opened, salted, f"{application.name}{on}", on=on)
        for on in (False, True)
    )
    assert (off.ahead, off.warmed) == ([], 0)
    assert len(on.ahead) > 0
    assert on.warmed > 0
    assert on.calls == off.calls
    assert on.outputs == off.outputs
    assert on.cached.keys() == off.cached.keys()
    assert on.found[-1] > off.found[-1]
    assert sum(on.found) > sum(off.found)
