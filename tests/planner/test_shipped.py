"""Every file in `workflows/` is right, can be planned, and says what it is."""

from pathlib import Path

import pytest

from planner.expand import make_plan
from planner.render import mermaid
from spec.load import load
from spec.source import Source

WORKFLOWS = Path(__file__).parents[2] / "workflows"
EXAMPLES = sorted((WORKFLOWS / "examples").iterdir())
FILES = sorted(path for path in WORKFLOWS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_checked_planned_and_drawn(registry, pools, path):
    document = load(Source(path.name, path.read_bytes(), "yaml"), registry.vocabulary())
    assert document.name.replace("-", "_") == path.stem
    plan = make_plan(document, registry.modules, pools)
    assert all(step.id in mermaid(plan) for step in document.steps)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_opens_with_what_it_is(path):
    first = path.read_text().partition("\n")[0]
    assert first.startswith("# ")
    assert first.endswith(".")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_how_to_try_it(path):
    assert f"teola run workflows/examples/{path.name}" in path.read_text()
