"""What is right but cannot be run yet: told with its place, also behind a module or in a block."""

import pytest

from planner.available import is_available, later_of, not_available
from spec.load import load, read
from spec.source import Source

PAGE = """\
workflow: page
inputs: {{texts: "string[]", docs: "doc[]", index: "string?", how: string}}
steps:
  s: {{{step}}}
outputs: {{}}
"""


def found(registry, step: str) -> list[tuple[str, str, int, str]]:
    text = PAGE.format(step=step).replace("outputs: {}", "outputs: {x: 1}")
    source = Source("page.yaml", text.encode(), "yaml")
    document = load(source, registry.vocabulary())
    problems = not_available(document, registry.later, read(source))
    assert is_available(document, registry.later) == (not problems)
    return [(each.code, str(each.pointer), each.column, each.detail) for each in problems]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("use: text, template: x, priority: 3", []),
        (
            "use: text, template: x, retry: 2",
            [("unknown-key", "/steps/s/retry", 31, "`retry` is not available yet")],
        ),
        (
            "use: tool, name: clock",
            [("unknown-module", "/steps/s/use", 12, "`tool` is not available yet")],
        ),
        ("use: rerank, query: q, docs: $inputs.docs", []),
        ("use: web_search, query: q", []),
        ("use: llm.list, prompt: q, items: 3", []),
        ("use: llm.json, prompt: 'q', schema: {a: string}", []),
        ("use: llm.chat, user: Hello", []),
        (
            "use: llm.chat, user: Hello, tools: [clock]",
            [("unknown-key", "/steps/s/tools", 35, "`tools` is not available yet")],
        ),
        ("use: synthesize.stuff, docs: $inputs.docs, prompt: '{{ docs | numbered }}'", []),
        (
            "use: synthesize.refine, docs: $inputs.docs, prompt: '{{ draft }}'",
            [("unknown-module", "/steps/s/use", 12, "`synthesize.refine` is not available yet")],
        ),
        (
            "steps: {a: {use: text, template: x, retry: 1}}, outputs: {x: $a}",
            [
                ("unknown-key", "/steps/s/steps", 7, "`steps` is not available yet"),
                ("unknown-key", "/steps/s/outputs", 55, "`outputs` is not available yet"),
                ("unknown-key", "/steps/s/steps/a/retry", 43, "`retry` is not available yet"),
            ],
        ),
    ],
)
def test_what_nothing_can_run_yet_is_told_with_its_place(registry, step, expected):
    assert found(registry, step) == expected


def test_an_input_that_only_later_work_serves_is_told_where_it_is_given(registry):
    page = """\
workflow: w
steps:
  index: {{use: index, name: notes}}
  hits: {{use: search, index: $index, query: q{more}}}
outputs: {{x: $hits.docs}}
"""

    def pointers(more: str) -> list[str | None]:
        source = Source("page.yaml", page.format(more=more).encode(), "yaml")
        document = load(source, registry.vocabulary())
        return [each.pointer for each in not_available(document, registry.later, read(source))]

    assert pointers("") == []
    assert pointers(", by: lexical") == ["/steps/hits/by"]
    assert pointers(", where: {kind: note}") == ["/steps/hits/where"]


def test_a_module_that_hands_such_an_input_on_leaves_it_to_its_callers(registry):
    page = """
module: find
inputs: {index: index, query: string, how: {enum: [vector, lexical], default: vector}}
steps: {hits: {use: search, index: $inputs.index, query: $inputs.query, by: $inputs.how}}
outputs: {docs: $hits.docs}
"""
    source = Source("find.yaml", page.encode(), "yaml")
    changed = registry.with_module(source)
    later = later_of(changed.modules["find"], changed.later)
    assert (later.whole, later.inputs) == (False, {"how"})
