"""Made-up pages that keep every limit of size, each of them written to cost the checker most.

All of them are made anew by each call and are the same each time. Nothing here is measured.
"""

from collections.abc import Iterator, Mapping

from spec.limits import EXPRESSION_WORDS_MAX, Limits
from spec.source import Source

_NODES_MAX = Limits().nodes_max - 500  # and some for the rest of the page
_TOP = """\
workflow: costly
inputs: {a: string, b: "boolean?", o: "string?", d: "doc?", l: "any[]", j: object}
steps:
"""
_END = "outputs: {a: $inputs.a}\n"
_BLOCKS = 8
_TERMS = 180


def costly() -> Iterator[Source]:
    """Yield the pages."""
    for name, (nodes, step) in _STEPS.items():
        yield _page(f"steps: {name}", _numbered("  s#: ", step, _NODES_MAX // nodes))
    for name, (words, expression) in _EXPRESSIONS.items():
        step = f'{{use: value, value: "${expression}"}}'
        yield _page(f"words: {name}", _numbered("  s#: ", step, EXPRESSION_WORDS_MAX // words))
    yield _page("words: slots", _numbered("  s#: ", _SLOTS, EXPRESSION_WORDS_MAX // 40_000))
    yield _page("conditions: a term for each word", _numbered("  s#: ", _TERMED, 5_000))
    yield _page("conditions: what a step gives under one", _read_under_a_condition())
    for name, (keys, nodes, step) in _IN_BLOCKS.items():
        yield _page(f"blocks: {name}", _blocks(keys, step, (_NODES_MAX - 1_000) // nodes))
    yield from _names()


# What a step is, and how many nodes it has.
_STEPS: Mapping[str, tuple[int, str]] = {
    "values passed on": (6, "{use: value, value: $inputs.a}"),
    "sums": (6, '{use: value, value: "$inputs.a + lower(inputs.a)"}'),
    "conditions": (8, "{use: value, value: $inputs.o, if: $inputs.b}"),
    "elements": (8, "{use: value, value: $item, for_each: $inputs.l}"),
    "fallbacks": (12, "{use: value, value: $inputs.a, fallback: {value: $inputs.a}, retry: 2}"),
    "prompts": (8, '{use: llm, prompt: "{{ inputs.a }}", temperature: 0.5}'),
    "all inputs": (6, "{use: value, value: $inputs}"),
}
# What expressions are, and how many words each has.
_EXPRESSIONS: Mapping[str, tuple[int, str]] = {
    "sums": (4_001, "1" + "+1" * 2_000),
    "comparisons": (4_001, "[" + "1<2," * 999 + "1<2]"),
    "paths": (1_803, "[" + "inputs.a," * 450 + "1]"),
    "positions": (2_243, "[" + "inputs.l[0]," * 320 + "1]"),
    "calls": (2_243, "coalesce(" + "len(inputs.a)," * 280 + "1)"),
    "brackets": (3_663, "[" + ("(" * 28 + "inputs.a" + ")" * 28 + ",") * 60 + "1]"),
    "refusals": (1_108, "[" + ("not " * 9 + "inputs.b,") * 85 + "1]"),
}
_SLOTS = '{use: text, template: "' + "{{inputs.a}}" * 8_000 + '"}'
_TERMED = (
    '{use: value, value: 1, if: "$inputs.o != null and len(inputs.o) > 1 and inputs.d != null"}'
)
_CONDITION = f'"${" and ".join(f"inputs.j.a{n}" for n in range(_TERMS))}"'
# What eight blocks inside each other have for keys; and what is in the innermost, how many nodes.
_IN_BLOCKS: Mapping[str, tuple[str, int, str]] = {
    "conditions": (
        f"if: {_CONDITION}, outputs: {{x: 1}}", 8, "{use: value, value: 1, if: $inputs.b}",
    ),
    "elements": (
        f"for_each: $inputs.l, if: {_CONDITION.replace('inputs.j', 'item')}, outputs: {{x: 1}}",
        10, "{use: value, value: $item, for_each: $inputs.l, if: $item}",
    ),
    "loops": (
        'loop: {max: 2, start: {x: 1}, next: {x: "$first([1])"}}',
        6, "{use: value, value: $loop.x}",
    ),
}  # fmt: skip


def _read_under_a_condition() -> str:
    read = "{{c.value.x}}" * 18_000
    return (
        f"  c: {{use: value, value: $inputs.j, if: {_CONDITION}}}\n"
        f'  t: {{use: text, if: {_CONDITION}, template: "{read}"}}\n'
    )


def _blocks(keys: str, step: str, count: int) -> str:
    """Write blocks inside each other, each in a line, and `count` steps inside the innermost."""
    opened = "".join(f"{'  ' * (n + 1)}b{n}: {{{keys}, steps: {{\n" for n in range(_BLOCKS))
    inside = _numbered(" s#: ", f"{step},", count)
    return f"{opened}{inside}{'}}' * _BLOCKS}\n"


def _names() -> Iterator[Source]:
    """Yield pages of names that are long and alike, and of mistakes in them."""
    names = [f"{'ab' * 20}{n:015b}".replace("0", "a").replace("1", "b") for n in range(9_000)]
    steps = (f"  {id}: {{use: value, value: $b{id}}}\n" for id in names[:5_000])
    yield _page("names: unknown, and like a thousand others", "".join(steps))
    inputs = "".join(f"  {id}: string\n" for id in names[:8_000])
    steps = (
        f"  s{n}: {{use: value, value: $inputs.b{id}}}\n" for n, id in enumerate(names[:4_000])
    )
    text = f"workflow: costly\ninputs:\n{inputs}steps:\n{''.join(steps)}{_END}"
    yield Source("names: inputs that are unknown", text.encode(), "yaml")
    inputs = "".join(f"  i{n}: string\n" for n in range(10_000))
    steps = (f"  s{n}: {{use: value, value: $inputs}}\n" for n in range(6_000))
    text = f"workflow: costly\ninputs:\n{inputs}steps:\n{''.join(steps)}outputs: {{x: 1}}\n"
    yield Source("names: all of ten thousand inputs", text.encode(), "yaml")


def _numbered(before: str, step: str, count: int) -> str:
    return "".join(f"{before.replace('#', str(n))}{step}\n" for n in range(count))


def _page(name: str, steps: str) -> Source:
    return Source(name, f"{_TOP}{steps}{_END}".encode(), "yaml")
