"""Documents show what happens: their `curl` lines are run against the service as it is started."""

from pathlib import Path

import pytest

from bench.service import service
from tests.transcript import disagreements, steps

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("docs/api-tour.md", "README.md")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_a_document_shows_is_what_happens(name: str, tmp_path: Path):
    document = (ROOT / name).read_text()
    if not list(steps(document)):
        return
    with service() as teola:
        found = list(disagreements(document, tmp_path, {"TEOLA": teola.address}))
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize(
    "call",
    [
        "PUT $TEOLA/v1/workflows/", "PUT $TEOLA/v1/modules/", "$TEOLA/v1/files -H", "?wait=",
        "Prefer: wait=", "Accept: text/event-stream", "Last-Event-ID: ", "/events?after=",
        "$TEOLA/v1/collections", "/cancel",
    ],
)  # fmt: skip
def test_the_tour_leaves_nothing_out(call: str):
    assert any(call in step.command for step in steps((ROOT / DOCUMENTS[0]).read_text()))
