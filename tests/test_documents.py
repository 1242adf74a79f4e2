"""Documents tell the truth: links lead somewhere, files exist, the README's workflow is one."""

import re
from pathlib import Path

import pytest

from planner.expand import make_plan
from planner.graph import PoolName
from planner.pools import Pools
from planner.registry import Registry
from spec.load import load
from spec.source import Source

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/**/*.md")]
KINDS = {PoolName(kind): kind for kind in ("inline", "embedding", "vector", "llm")}


def prose(page: Path) -> str:
    """Return the text of a page without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_something(page):
    targets = re.findall(r"\]\(([^)#\s]+)", prose(page))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_named_exists(name):
    rooms = "spec|planner|executors|api|workflows|bench|tests|docs"
    named = re.findall(rf"`((?:{rooms})/[\w./-]*)`", (ROOT / name).read_text())
    assert named
    assert [path for path in named if "<" not in path and not (ROOT / path).exists()] == []


def test_the_workflow_in_the_readme_can_be_planned():
    (page,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    registry = Registry.from_folder(ROOT / "workflows/modules", frozenset(KINDS))
    document = load(Source("README.md", page.encode(), "yaml"), registry.vocabulary())
    pools = Pools(KINDS, {kind: name for name, kind in KINDS.items()})
    assert make_plan(document, registry.modules, pools).outputs.keys() == {"answer", "sources"}


def test_the_makefile_has_every_verb_the_documents_name():
    verbs = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.M))
    named = {verb for page in PAGES for verb in re.findall(r"`make ([a-z-]+)", page.read_text())}
    assert named <= verbs
