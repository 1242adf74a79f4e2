"""Every file in `workflows/` is right, can be planned, and says what it is."""

from pathlib import Path

import pytest

from planner.available import is_available
from planner.expand import make_plan
from planner.render import mermaid
from spec.load import load
from spec.source import Source

WORKFLOWS = Path(__file__).parents[2] / "workflows"
EXAMPLES = sorted((WORKFLOWS / "examples").iterdir())
FILES = sorted(path for path in WORKFLOWS.rglob("*") if path.is_file())


NAMES = {
    "naive_rag", "advanced_rag", "search_and_generate", "contextual_retrieval",
    "map_reduce_summary", "chat_with_memory", "research_agent",
}  # fmt: skip
LINES_MAX = 30


def loaded(registry, path):
    return load(Source(path.name, path.read_bytes(), "yaml"), registry.vocabulary())


def test_the_applications_people_ask_for_are_there():
    assert {path.stem for path in EXAMPLES} == NAMES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_valid_and_short(registry, path):
    assert loaded(registry, path).name.replace("-", "_") == path.stem
    assert len(path.read_text().splitlines()) <= LINES_MAX


def test_those_that_can_be_run_are_planned_and_drawn(registry, pools):
    documents = [loaded(registry, path) for path in EXAMPLES]
    runnable = [each for each in documents if is_available(each, registry.later)]
    assert "naive-rag" in {document.name for document in runnable}
    for document in runnable:
        picture = mermaid(make_plan(document, registry.modules, pools))
        assert all(step.id in picture for step in document.steps)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_opens_with_what_it_is(path):
    first = path.read_text().partition("\n")[0]
    assert first.startswith("# ")
    assert first.endswith(".")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_how_to_try_it(path):
    assert f"teola run workflows/examples/{path.name}" in path.read_text()
