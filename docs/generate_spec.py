"""Writes the tables of `docs/spec.md` from the code they describe. `make docs` runs it."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from planner.registry import Registry
from spec import limits
from spec.codes import CODES
from spec.editor_inputs import WORD_MEANINGS
from spec.evaluate import evaluate
from spec.expressions import parse_expression
from spec.formatters import FORMATTERS
from spec.functions import FUNCTIONS, NAMES, NOW, NOW_GIVES
from spec.model import Input
from spec.schema_words import FORMATS, JSON_TYPES, KEYWORDS
from spec.templates import parse_template
from spec.types import MODULE_WORDS, RECORDS, WORDS
from spec.values import AcceptedAt, Leaf
from spec.vocabulary import Signature

CLOSING = "<!-- end -->"
PAGE = Path(__file__).parent / "spec.md"
MODULES = Path(__file__).parents[1] / "workflows/modules"
OPERATORS = (
    (("or",), "a boolean: whether one is true; null counts as false", "false or true"),
    (("and",), "a boolean: whether all are true; the rest is not looked at", "true and null"),
    (("not",), "a boolean: the other one", "not null"),
    (("==", "!="), "whether two values are equal, deep", "[1, 'a'] == [1.0, 'a']"),
    (("<", "<=", ">", ">="), "of two numbers or two strings, which is first", "'a' < 'b'"),
    (
        ("in", "not in"),
        "whether something is an element of a list, a part of a string, a key of an object",
        "'b' in ['a', 'b']",
    ),
    (("+",), "the sum of two numbers; two strings or two lists, joined", "[1] + [2]"),
)
CALLS = {
    "len": "len('héllo')",
    "first": "first([1, 2])",
    "last": "last([])",
    "coalesce": "coalesce(null, 'x')",
    "compact": "compact([1, null])",
    "flatten": "flatten([[1], null, [2]])",
    "unique": "unique([1, 1.0, '1'])",
    "zip": "zip([1, 2], ['a', 'b', 'c'])",
    "join": "join(['a', 1], ', ')",
    "split": "split('a, b', ', ')",
    "lower": "lower('ÀB')",
    "upper": "upper('ß')",
    "trim": "trim(' a ')",
    "sum": "sum([1, 2.5])",
    "min": "min(['b', 'a'])",
    "max": "max([1, 2.5])",
    "most_common": "most_common(['a', 'b', 'b'])",
    "range": "range(3)",
    "now_iso": "now_iso()",
}
FILLED = {
    "numbered": ("['a', 'b']", "numbered"),
    "json": ("[1, null]", "json"),
    "join": ("['a', 'b']", "join(', ')"),
    "default": ("null", "default('none')"),
    "truncate": ("'héllo'", "truncate(2)"),
    "each": ("['a', 'b']", "each('{i}: {}; ')"),
}


def page(written: str) -> str:
    """Return the page `written` with every table as the code has it now."""
    tables = {
        "types": _types(),
        "schemas": _schemas(),
        "modules": _modules(),
        "operators": _operators(),
        "functions": _functions(),
        "formatters": _formatters(),
        "limits": _limits(),
        "problems": _problems(),
    }
    for name, lines in tables.items():
        opening = f"<!-- {name} -->\n"
        before, found, after = written.partition(opening)
        _, closing, rest = after.partition(CLOSING)
        if not (found and closing):
            raise ValueError(f"the page has no place for the table of {name}")
        written = "\n".join((before + opening.rstrip(), *lines, closing + rest))
    return written


def _schemas() -> Iterator[str]:
    yield from _head("in a schema", "may be")
    yield _row("a key", " ".join(map(_code, KEYWORDS)))
    yield _row("`type`", " ".join(map(_code, JSON_TYPES)))
    yield _row("`format`", " ".join(map(_code, FORMATS)))


def _operators() -> Iterator[str]:
    yield from _head("operator", "gives", "for example")
    for signs, gives, example in OPERATORS:
        yield _row(" ".join(map(_code, signs)), gives, _computed(example))


def _functions() -> Iterator[str]:
    yield from _head("function", "gives", "for example")
    for name in NAMES:
        takes = "" if name == NOW else FUNCTIONS[name].takes
        gives = NOW_GIVES if name == NOW else FUNCTIONS[name].gives
        yield _row(_code(f"{name}({takes})"), gives, _computed(CALLS[name]))


def _formatters() -> Iterator[str]:
    yield from _head("formatter", "gives", "for example")
    for name, formatter in FORMATTERS.items():
        value, call = FILLED[name]
        data = evaluate(parse_expression(f"${value}").value, _lookup)
        template = parse_template("{{ x | " + call + " }}").value
        filled = evaluate(template, lambda _, data=data: data)
        shown = f"{_code(f'{value} | {call}')} → {_code(json.dumps(filled, ensure_ascii=False))}"
        yield _row(_code(formatter.written), formatter.gives, shown)


def _types() -> Iterator[str]:
    yield from _head("word", "what it is")
    for word in WORDS:
        if word not in MODULE_WORDS:
            fields = ", ".join(f"{name}: {type}" for name, type in RECORDS.get(word, {}).items())
            yield _row(_code(word), WORD_MEANINGS[word] + f": {_code(fields)}" * bool(fields))


def _modules() -> Iterator[str]:
    yield from _head("module", "takes", "gives")
    registry = Registry.from_folder(MODULES, frozenset())
    for name, document in sorted(registry.modules.items()):
        signature = Signature.of(document)
        takes = " · ".join(_code(_declared(each)) for each in signature.inputs.values())
        gives = " · ".join(_code(f"{id}: {type}") for id, type in signature.outputs.items())
        yield _row(f"{_code(name)}: {document.description}", takes, gives)


def _declared(input: Input) -> str:
    names = ", ".join(f"{name}: {type}" for name, type in input.names.items())
    written = f"{input.id}: {input.type}" + f" [{names}]" * bool(names)
    if input.required or input.default is None:
        return written
    return f"{written} = {'…' if names else json.dumps(input.default)}"


def _limits() -> Iterator[str]:
    yield from _head("limit", "at most")
    named = {name.lower(): value for name, value in vars(limits).items() if name.endswith("_MAX")}
    document = {name: getattr(limits.Limits(), name) for name in limits.Limits.__slots__}
    inside = ("problems_found_max", "names_compared_max", "echo_chars_max", "text_chars_max")
    for name, value in sorted((document | named).items()):
        if name not in inside:
            yield _row(_code(name), f"{value:,}")


def _problems() -> Iterator[str]:
    yield from _head("code", "what is wrong", "what to do")
    for code, entry in CODES.items():
        yield _row(_code(code), entry.meaning, entry.cure)


def _computed(example: str) -> str:
    value = evaluate(parse_expression(f"${example}").value, _lookup)
    return f"{_code(example)} → {_code(json.dumps(value, ensure_ascii=False))}"


def _lookup(leaf: Leaf) -> str:
    if isinstance(leaf, AcceptedAt):
        return "2026-01-01T00:00:00.000Z"
    raise ValueError("an example reads nothing")


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(_escaped(cells))} |"


def _escaped(cells: Iterable[str]) -> Iterator[str]:
    return (cell.replace("|", "\\|") for cell in cells)


def _code(text: str) -> str:
    return f"`{text}`" if "`" not in text else f"`` {text} ``"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
