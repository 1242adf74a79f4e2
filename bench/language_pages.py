"""Made-up pages to read: workflows as authors write them, and pages written to cost a reader most.

All of them are made anew by each call and are the same each time. Nothing here is measured.
"""

import json
from collections.abc import Iterator, Mapping

from spec.limits import Limits
from spec.source import Source

MEBIBYTE = 1 << 20
NODES_MAX = Limits().nodes_max

_ROUND = """\
  note_{n}:
    use: text
    template: |
      Question {n}: {{{{ inputs.question | truncate(400) }}}}
      Said before: {{{{ {before} | default("nothing yet") }}}}
  pieces_{n}: {{use: chunk, text: "$inputs.documents", size: 192, overlap: 32}}
  hits_{n}:
    use: search
    index: $index
    query: $note_{n}.text + ' ' + lower(trim(inputs.topic))
    top_k: 5
  facts_{n}:
    use: value
    value:
      passages: $hits_{n}.docs[:3]
      sources: $unique(compact([first(hits_{n}.docs).source, inputs.topic]))
      enough: $len(hits_{n}.docs) > 2 and inputs.topic not in ['', 'none']
      label: "{{{{ note_{n}.text | truncate(40) }}}} of {{{{ inputs.topic }}}}"
  answer_{n}:
    use: llm
    prompt: |
      Answer from the passages only. Say so if they do not hold the answer.

      {{{{ hits_{n}.docs | numbered }}}}
      {{{{ pieces_{n}.items | each("[{{i}}] {{text}} ({{source}})\\n") }}}}

      Question: {{{{ note_{n}.text }}}}
    system: You are a careful librarian who answers about {{{{ inputs.topic }}}}.
    max_tokens: 400
    temperature: 0.2
    after: [facts_{n}]
"""
_TOP = """\
workflow: measured
description: Rounds of notes, passages and answers, each of which reads the round before.
inputs:
  documents: {type: "file[]", description: "Text, Markdown, HTML, PDF or Word files."}
  question: {type: string, description: A question in plain words.}
  topic: {type: string, default: lighthouses}
steps:
  chunks: {use: chunk, text: $inputs.documents}
  index: {use: index, chunks: $chunks.items}
"""
_FIRST = "inputs.topic"
_BOTTOM = """\
outputs:
  answer: $answer_{last}.text
  sources: $hits_{last}.docs
stream: [answer]
"""
STEPS_A_ROUND = 5


def workflow(rounds: int) -> Source:
    """Return a workflow of `rounds` rounds of five steps, and two steps before them."""
    befores = [_FIRST, *(f"answer_{n}.text" for n in range(rounds - 1))]
    steps = (_ROUND.format(n=n, before=before) for n, before in enumerate(befores))
    return _yaml("workflow.yaml", _TOP + "".join(steps) + _BOTTOM.format(last=rounds - 1))


def full_page() -> Source:
    """Return the longest such workflow that a page may hold."""
    rounds = MEBIBYTE // len(_ROUND)
    while len((source := workflow(rounds)).data) > MEBIBYTE:
        rounds -= 8
    return source


def hostile() -> Iterator[Source]:
    """Yield pages of one mebibyte at most, each the worst of its kind."""
    for name, unit in _REPEATED.items():
        yield _yaml(name, _filled("", unit))
    for name, unit in _IN_STEPS.items():
        yield _yaml(name, _filled(_STEPS, unit, _OUTPUTS))
    yield from _declared()
    yield from _counted()
    for name, unit in _JSON_REPEATED.items():
        yield _json(name, _filled("", unit))
    yield from _twins()


# What stands alone on the page again and again.
_REPEATED: Mapping[str, str] = {
    "open brackets": "[",
    "open braces": "{",
    "brackets opened and closed": "[]",
    "closing brackets": "]",
    "block lists in one line": "- ",
    "question marks": "? ",
    "colons": ":",
    "single quotes": "'",
    "double quotes": '"',
    "backslashes": "\\",
    "anchors": "&a ",
    "aliases": "- *a\n",
    "tags": "- !!python/name:os.system x\n",
    "percent signs": "%",
    "exclamation marks": "!",
    "comments": "# nothing\n",
    "blank lines": "\n",
    "carriage returns": "\r",
    "tabs": "\t",
    "spaces": " ",
    "document marks": "---\n",
    "control characters": "\x07",
    "letters": "a",
    "characters of four bytes": "\U0001f600",
    "combining marks": "\u0301",
    "tiny elements": "- 1\n",
    "empty elements": "-\n",
    "lists of two": "- [1, 2]\n",
    "objects of one key": "- {a: 1}\n",
    "duplicate keys": "a: 1\n",
    "old booleans": "- yes\n",
    "block scalars": "- |\n x\n",
    "folded scalars": "- >\n x\n",
}
_STEPS = 'workflow: hostile\ninputs: {a: string, docs: "doc[]"}\nsteps:\n'
_OUTPUTS = "outputs: {a: $inputs.a}\n"

# What stands among the steps again and again; `#` becomes the number of the repeat.
_IN_STEPS: Mapping[str, str] = {
    "steps of nothing": "  s#: {}\n",
    "steps of no object": "  s#: 1\n",
    "unknown modules": "  s#: {use: sarch, x: 1}\n",
    "unknown references": "  s#: {use: value, value: $nothing.here}\n",
    "steps that wait for themselves": "  s#: {use: value, value: $s#}\n",
    "bad expressions": "  s#: {use: value, value: $1 +* 2}\n",
    "misspelt slots": '  s#: {use: text, template: "{{ inputs.a | numberd }}"}\n',
    "values passed on": "  s#: {use: value, value: $inputs.a}\n",
    "short templates": '  s#: {use: text, template: "{{ inputs.a }}"}\n',
}


_INPUTS = "workflow: hostile\ninputs:\n"
_NO_STEPS = "steps: {s: {use: value, value: 1}}\noutputs: {x: $s}\n"
# Inputs declared by schemas, which are checked themselves; and how many nodes each has.
_DECLARED: Mapping[str, tuple[int, str]] = {
    "plain words": (6, "{type: integer, minimum: 1}"),
    "one inside another": (10, "{items: {items: {items: {items: {}}}}}"),
    "side by side": (8, "{anyOf: [{}, {}, {}, {}]}"),
    "several types": (7, '{type: [string, "null", integer]}'),
    "references": (8, '{$defs: {a: {}}, $ref: "#/$defs/a"}'),
    "one pattern": (4, "{pattern: '^[a-z]+$'}"),
    "small patterns": (4, "{pattern: '^a@$'}"),
    "large patterns": (4, r"{pattern: '\p{L}{15}a@'}"),
    "wrong words": (6, "{typ: string, minimum: x}"),
}


def _declared() -> Iterator[Source]:
    """Yield pages of as many inputs as there may be nodes."""
    for name, (nodes, declared) in _DECLARED.items():
        count = (NODES_MAX - 100) // nodes
        inputs = (f"  i{n}: {declared.replace('@', str(n))}\n" for n in range(count))
        yield _yaml(f"schemas: {name}", f"{_INPUTS}{''.join(inputs)}{_NO_STEPS}")


def _counted() -> Iterator[Source]:
    """Yield pages whose size is in one place: one key, one number, one expression, one depth."""
    yield _yaml("one long key", "k" * (MEBIBYTE - 4) + ": 1\n")
    yield _yaml("keys as long as keys may be", _filled("", "#" + "k" * 1000 + ": 1\n"))
    yield _yaml("many keys", _filled("", "k#: 1\n"))
    yield _yaml("one huge integer", "9" * MEBIBYTE)
    yield _yaml("huge integers", _filled("", "- " + "9" * 200 + "\n"))
    yield _yaml("almost numbers", _filled("", "- " + "9" * 200 + "x\n"))
    yield _yaml("one quoted string of escapes", '"' + "\\u0041" * (MEBIBYTE // 6 - 1) + '"')
    yield _yaml("strings of escapes", _filled("", '- "\\u0041\\n\\x41"\n'))
    deep = "".join(" " * depth + f"k{depth}:\n" for depth in range(1400))
    yield _yaml("deep blocks", deep[:MEBIBYTE])
    staircase = "".join("".join(" " * d + f"k{d}:\n" for d in range(60)) for _ in range(400))
    yield _yaml("staircases", staircase[:MEBIBYTE])
    yield _yaml("one giant list in braces", "{a: [" + "1," * (MEBIBYTE // 2 - 8) + "1]}")
    yield from _expressions()
    yield from _templates()


def _expressions() -> Iterator[Source]:
    longest = {
        "sums": "$1" + "+1" * 2000,
        "brackets": "$" + "(" * 2000 + ")" * 2000,
        "lists": "$" + "[[]," * 1000 + "[]",
        "flat lists": "$[" + "1," * 2000 + "1]",
        "paths": "$inputs.a" + ".a" * 2000,
        "short paths": "$[" + "inputs.a," * 450 + "1]",
        "strings": "$[" + '\\"\\",' * 600 + "1]",
        "calls": "$coalesce(" + "len(inputs.a)," * 280 + "1)",
        "refusals": "$" + "not " * 1000 + "1",
        "conjunctions": "$true" + " and true" * 450,
        "comparisons": "$[" + "1<2," * 1000 + "1]",
        "unknown functions": "$[" + "f()," * 1000 + "1]",
    }
    for name, text in longest.items():
        step = f'  s#: {{use: value, value: "{text}"}}\n'
        yield _yaml(f"expressions: {name}", _filled(_STEPS, step, _OUTPUTS))
    yield _yaml("one expression beyond its limit", _STEPS + f"  s: {'$1' + '+1' * 120_000}\n")


def _templates() -> Iterator[Source]:
    longest = {
        "slots": "{{inputs.a}}",
        "slots that never close": "{{",
        "braces": "{{{{",
        "slots of bad paths": "{{inputs.a..b}}",
        "chains of formatters": '{{inputs.a|default("")|default("")|truncate(9)}}',
        "patterns": "{{inputs.docs|each('" + "{i}" * 300 + "')}}",
        "unknown names": "{{nobody}}",
    }
    for name, unit in longest.items():
        text = unit * (200_000 // len(unit))
        step = f"  s#: {{use: text, template: {json.dumps(text)}}}\n"
        yield _yaml(f"templates: {name}", _filled(_STEPS, step, _OUTPUTS))


_JSON_REPEATED: Mapping[str, str] = {
    "JSON: open brackets": "[",
    "JSON: open objects": '{"a":',
    "JSON: quotes": '"',
    "JSON: blanks": " ",
    "JSON: digits": "9",
    "JSON: words": "null",
}


def _twins() -> Iterator[Source]:
    """Yield, as JSON, what was costly as YAML."""
    elements = {
        "tiny elements": "1",
        "empty strings": '""',
        "empty lists": "[]",
        "objects of one key": '{"a":1}',
        "escapes": '"\\u0041\\n"',
        "half surrogates": '"\\ud800"',
        "huge integers": "9" * 200,
        "numbers with exponents": "1e5",
        "long exponents": "1e" + "9" * 200,
    }
    for name, element in elements.items():
        count = (MEBIBYTE - 2) // (len(element) + 1)
        yield _json(f"JSON: {name}", "[" + ",".join([element] * count) + "]")
    yield _json("JSON: many keys", "{" + ",".join(f'"k{n}":1' for n in range(90_000)) + "}")
    yield _json("JSON: duplicate keys", "{" + ",".join(['"a":1'] * 170_000) + "}")
    yield _json(
        "JSON: one key a line", "{\n" + ",\n".join(f'"k{n}": 1' for n in range(80_000)) + "}"
    )
    yield _json("JSON: one long string", '"' + "a" * (MEBIBYTE - 2) + '"')
    steps = ",".join(f'"s{n}":{{"use":"value","value":"$inputs.a"}}' for n in range(20_000))
    page = f'{{"workflow":"hostile","inputs":{{"a":"string"}},"steps":{{{steps}}},"outputs":{{}}}}'
    yield _json("JSON: values passed on", page)


def _filled(before: str, unit: str, after: str = "") -> str:
    room = MEBIBYTE - len(before.encode()) - len(after.encode())
    if "#" not in unit or unit.startswith("#"):
        return before + unit * (room // len(unit.encode())) + after
    count = room // len(unit.replace("#", "999999").encode())
    return before + "".join(unit.replace("#", str(n)) for n in range(count)) + after


def _yaml(name: str, text: str) -> Source:
    return Source(name, text.encode(), "yaml")


def _json(name: str, text: str) -> Source:
    return Source(name, text.encode(), "json")
