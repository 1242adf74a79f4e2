"""Every construct of the language, by the code's own tables; and which of them a page uses."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args

from spec import model, names, types, values
from spec.expressions import parse_expression
from spec.formatters import FORMATTERS
from spec.functions import NAMES, NOW
from spec.load import load, read
from spec.patterns import Field, read_pattern
from spec.scanner import Scanner
from spec.source import Media, Source, Style
from spec.vocabulary import Vocabulary
from tests.spec.positions import pointers

_KINDS: dict[type, str] = {
    str: "a string", int: "an integer", float: "a number", bool: "a boolean", list: "a list",
    type(None): "null",
}  # fmt: skip
_ESCAPES = (r"\n", r"\t", r"\\", r"\'", r"\"")


def every_construct() -> set[str]:
    """Return the name of each construct that the tables of the code know."""
    return {
        *(f"key of a workflow: {key}" for key in names.WORKFLOW_KEYS if key != "module"),
        *(f"key of a module: {key}" for key in names.DOCUMENT_KEYS if key != "workflow"),
        *(f"key of a step: {key}" for key in names.CONTROL_KEYS),
        *(f"key of a loop: {key}" for key in names.LOOP_KEYS),
        *(f"key of a plan: {key}" for key in ("off", "on")),
        *(f"key of an input: {key}" for key in ("type", "description", "default", "names", "enum")),
        *(f"field of a loop: {field}" for field in names.LOOP_FIELDS),
        *(f"name: {name}" for name in (*names.ELEMENT_NAMES, "inputs", "secret", "of a step")),
        *(f"function: {name}" for name in NAMES),
        *(f"operator: {operator}" for operator in get_args(values.Operator)),
        *(f"formatter: {name}" for name in FORMATTERS),
        *(f"default with {kind}" for kind in set(_KINDS.values()) - {"null"}),
        *(f"in each: {part}" for part in ("{i}", "{}", "{name}", "{name.name}", r"\{")),
        *(f"type: {word}" for word in types.WORDS),
        *(f"type with {level}" for level in ("[]", "[][]", "?", "[]?")),
        *(f"value: {kind.__name__}" for kind in get_args(values.Value) if kind != values.Leaf),
        *(f"member by {key}" for key in ("a name", "a position", "one from the end", "a value")),
        *(f"slice: {form}" for form in ("[:]", "[x:]", "[:x]", "[x:x]")),
        *(f"constant: {kind}" for kind in _KINDS.values()),
        *(f"escape: {escape}" for escape in _ESCAPES),
        *(f"on_error: {mode}" for mode in get_args(model.OnError)),
        *(f"else {of}" for of in ("of a step", "of an element")),
        *(f"duration in {unit}" for unit in ("ms", "s", "m", "h", "d")),
        *(f"flow: {form}" for form in ("name", "name@version")),
        *(f"scalar: {style}" for style in get_args(Style)),
        *(f"page: {media}" for media in get_args(Media)),
        "text: $$", "text: {{{{", "a `$` before a name inside", "all of inputs", "all of loop",
        "a step for its only field", "brackets",
    }  # fmt: skip


def used(source: Source, vocabulary: Vocabulary) -> set[str]:
    """Return the names of the constructs that an accepted page uses."""
    return set(_Page(source, vocabulary).constructs())


class _Page:
    """What was written on a page, and the document that was read from it."""

    def __init__(self, source: Source, vocabulary: Vocabulary) -> None:
        self.media = source.media
        self.tree = read(source)
        self.document = load(source, vocabulary)
        self.steps = {step.id: step for step in model.all_steps(self.document.steps)}

    def constructs(self) -> Iterator[str]:
        root = self.tree.value
        yield f"page: {self.media}"
        yield from (f"scalar: {self.tree.style(each)}" for each in pointers(root))
        yield from (f"key of a {self.document.kind}: {key}" for key in root)
        yield from (f"key of a plan: {key}" for key in root.get("plan", {}))
        for step in self.steps.values():
            yield from self._of_step(step)
        for input in self.document.inputs:
            yield from self._of_input(input)
        for node in _nodes(self.document):
            yield from self._of_node(node)
        for text in _strings([root["steps"], root["outputs"]]):
            yield from self._of_text(text)

    def _of_step(self, step: model.Step) -> Iterator[str]:
        written = self.tree.at(tuple(step.origin.pointer.split("/")[1:]))
        yield from (f"key of a step: {key}" for key in step.control.places)
        yield from (f"key of a loop: {key}" for key in written.get("loop", {}))
        for key in ("timeout", "cache"):
            if key in written:
                yield f"duration in {written[key].lstrip('0123456789')}"
        if isinstance(step.control.over, model.ForEach) and "on_error" in written:
            yield f"on_error: {step.control.over.on_error}"
        if step.control.otherwise is not None:
            read_there = {path.name for path in parse_expression(written["if"]).references}
            yield f"else {'of an element' if read_there & {'item', 'position'} else 'of a step'}"
        if "flow" in written:
            yield f"flow: {'name@version' if '@' in written['flow'] else 'name'}"

    def _of_input(self, input: model.Input) -> Iterator[str]:
        declared = self.tree.at(("inputs", input.id))
        yield from (f"key of an input: {key}" for key in declared if isinstance(declared, dict))
        for type in (input.type, *input.names.values()):
            yield f"type: {type.word}"
            yield f"type with {str(type).removeprefix(type.word)}"

    def _of_node(self, node: Any) -> Iterator[str]:
        yield f"value: {type(node).__name__}"
        match node:
            case values.Name(id):
                yield f"name: {'of a step' if id in self.steps else id}"
            case values.Member(of, key):
                yield f"member by {_key(key)}"
                if of in map(values.Name, self.steps):
                    yield f"field of a loop: {key}"
            case values.Formatter(name, argument):
                yield f"formatter: {name}"
                yield f"{name} with {_KINDS[type(argument)]}"
                yield from _pattern(argument) if name == "each" else ()
            case _:
                yield from _of_computed(node)

    def _of_text(self, text: str) -> Iterator[str]:
        if text.startswith("$$"):
            yield "text: $$"
        if (text.startswith("$$") or not text.startswith("$")) and "{{{{" in text:
            yield "text: {{{{"
        placed = parse_expression(text).placed if text.startswith("$") else None
        if placed is None:
            return
        yield from (f"escape: {escape}" for escape in _ESCAPES if escape in text)
        yield from _signs(text)
        for node in _nodes(placed):
            if isinstance(node, values.Literal):
                yield f"constant: {_KINDS[type(node.value)]}"
        if isinstance(placed.value, values.Name):
            id = placed.value.id
            yield "a step for its only field" if id in self.steps else f"all of {id}"


def _of_computed(node: Any) -> Iterator[str]:
    match node:
        case values.Slice(_, start, end):
            yield f"slice: [{'x' * (start is not None)}:{'x' * (end is not None)}]"
        case values.Operation(operator):
            yield f"operator: {operator}"
        case values.Call(name):
            yield f"function: {name}"
        case values.AcceptedAt():
            yield f"function: {NOW}"


def _nodes(value: Any) -> Iterator[Any]:
    """Yield everything that `value` is made of, itself first."""
    yield value
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _nodes(part)


def _strings(data: Any) -> Iterator[str]:
    return (node for node in _nodes(data) if isinstance(node, str))


def _key(key: Any) -> str:
    if isinstance(key, int):
        return "a position" if key >= 0 else "one from the end"
    return "a name" if isinstance(key, str) else "a value"


def _pattern(pattern: str) -> Iterator[str]:
    if r"\{" in pattern:
        yield r"in each: \{"
    for part in read_pattern(pattern) or ():
        if isinstance(part, Field):
            inside = "i" if part.is_number else ".".join("name" for _ in part.names)
            yield f"in each: {{{inside}}}"


def _signs(text: str) -> Iterator[str]:
    scanner = Scanner(text, 1)
    before = None
    while scanner.kind != "end":
        if scanner.word == "$":
            yield "a `$` before a name inside"
        if scanner.word == "(" and (before is None or before.kind == "sign"):
            yield "brackets"
        before = scanner.take()
