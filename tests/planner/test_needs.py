"""Kinds of pools that a document needs: told with the place, also behind a module or in a block."""

import pytest

from planner.needs import kinds_needed, unserved
from spec.load import load, read
from spec.source import Source

MODULE = """\
module: look_up
inputs: {q: string}
steps: {found: {use: web_search, query: $inputs.q}}
outputs: {docs: $found.docs}
"""
PAGE = """\
workflow: page
steps:
  s: {%s}
outputs: {x: 1}
"""


@pytest.mark.parametrize(
    ("step", "kinds", "column"),
    [
        ("use: text, template: x", {"inline"}, None),
        ("use: llm, prompt: x", {"llm"}, None),
        ("use: index, name: x", {"vector", "embedding"}, None),
        ("use: web_search, query: x", {"web"}, 12),
        ("use: look_up, q: x", {"web"}, 12),
        ("steps: {a: {use: web_search, query: x}}, outputs: {x: 1}", {"web"}, 24),
    ],
)
def test_a_step_without_a_pool_for_it_is_told_where_it_stands(registry, step, kinds, column):
    registry = registry.with_module(Source("m.yaml", MODULE.encode(), "yaml"))
    source = Source("page.yaml", (PAGE % step).encode(), "yaml")
    document = load(source, registry.vocabulary())
    assert kinds_needed(document, registry.modules) == kinds
    have = {"inline", "llm", "vector", "embedding"}
    cures = {"web": "set up a web"}
    found = unserved(document, registry.modules, have, cures, read(source))
    assert [(each.code, each.line, each.column) for each in found] == (
        [("unknown-engine", 3, column)] if column else []
    )
    assert all(
        "needs an engine of the kind web, and there is none: set up" in each.detail
        for each in found
    )
