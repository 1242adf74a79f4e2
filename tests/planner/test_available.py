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
        ("use: text, template: x, cache: 7d", []),
        ("use: text, template: x, retry: 2, if: $len(inputs.docs) > 0", []),
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
        ("use: synthesize.refine, docs: $inputs.docs, prompt: '{{ draft }}'", []),
        (
            "steps: {a: {use: llm.chat, user: x, tools: [a]}}, outputs: {x: $a.text}",
            [("unknown-key", "/steps/s/steps/a/tools", 43, "`tools` is not available yet")],
        ),
        (
            "use: agent, prompt: Work, tools: [clock]",
            [("unknown-key", "/steps/s/tools", 33, "`tools` is not available yet")],
        ),
    ],
)
def test_what_nothing_can_run_yet_is_told_with_its_place(registry, step, expected):
    assert found(registry, step) == expected


CONVERSE = """\
module: converse
inputs: {with: {type: "string[]", default: []}, prompt: prompt}
steps:
  read: {op: prefill, tools: $inputs.with, prompt: $inputs.prompt}
  written: {op: decode, call: $read.call}
outputs: {text: $written.text}
"""


@pytest.fixture
def conversing(registry):
    """A registry with a module of which one input cannot be served yet."""
    return registry.with_module(Source("converse.yaml", CONVERSE.encode(), "yaml"))


def test_an_input_that_only_later_work_serves_is_told_where_it_is_given(conversing):
    page = """\
workflow: w
inputs: {{said: "string[]"}}
steps:
  reply: {{use: converse, prompt: Hello{more}}}
outputs: {{x: $reply.text}}
"""

    def pointers(more: str) -> list[str | None]:
        source = Source("page.yaml", page.format(more=more).encode(), "yaml")
        document = load(source, conversing.vocabulary())
        return [each.pointer for each in not_available(document, conversing.later, read(source))]

    assert pointers("") == []
    assert pointers(", with: $inputs.said") == ["/steps/reply/with"]


def test_a_module_that_hands_such_an_input_on_leaves_it_to_its_callers(conversing):
    page = """
module: greet
inputs: {said: "string[]"}
steps: {reply: {use: converse, with: $inputs.said, prompt: Hello}}
outputs: {text: $reply.text}
"""
    source = Source("greet.yaml", page.encode(), "yaml")
    changed = conversing.with_module(source)
    later = later_of(changed.modules["greet"], changed.later)
    assert (later.whole, later.inputs) == (False, {"said"})
