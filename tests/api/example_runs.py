"""Runs of the applications of `workflows/examples/`, for tests on any engines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bench.applications import APPLICATIONS, DOCUMENTS, NAMES, SHELVE, Application
from bench.service import Service, service

by_name = pytest.mark.parametrize("application", APPLICATIONS, ids=lambda each: each.name)


@contextmanager
def with_documents(**variables: str) -> Iterator[tuple[Service, dict[str, Any]]]:
    with service(**variables) as teola:
        yield teola, {name: {"id": teola.upload(DOCUMENTS / name)["id"]} for name in NAMES}


def runs(
    application: Application, teola: Service, files: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield what becomes of each turn, and first of what has to be indexed before."""
    if application.shelved:
        shelved = [files[name] for name in application.shelved]
        yield teola.run_page(SHELVE, {"documents": shelved, "collection": "handbook"})
    workflow, outputs = teola.put_workflow(application.path), None
    for turn in range(len(application.turns)):
        run = teola.run(workflow, application.inputs(turn, files.__getitem__, outputs))
        outputs = run["outputs"]
        yield run


def total(every: list[dict[str, Any]]) -> dict[str, int]:
    """Return the tokens of all runs by the names that the server has for them."""
    return {
        name: sum(run["usage"][f"tokens_{name}"] for run in every)
        for name in ("in", "out", "cached")
        if any(run["usage"][f"tokens_{name}"] for run in every)
    }
