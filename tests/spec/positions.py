"""Where a problem of each code may stand, rule by rule, told from the page alone."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spec.json_reader import read_json
from spec.limits import Limits
from spec.names import BODY_KEYS, CONTROL_KEYS, ELEMENT_NAMES, RESERVED_STEP_IDS, is_id, is_name
from spec.problems import Problem, SpecError
from spec.source import START, Media, Pointer, Position, Source, Tree, pointer_text
from spec.yaml_reader import read_yaml

_REPEATING = ("for_each", "fold", "reduce", "loop")
_LITERAL = {"stream", "after", "collect"}


def pointers(value: Any, pointer: Pointer = ()) -> Iterator[Pointer]:
    """Yield the pointer of every value in `value`, itself first."""
    yield pointer
    inside = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else inside:
        yield from pointers(each, (*pointer, key))


@dataclass(frozen=True)
class Found:
    """One problem, and what is written where it stands."""

    problem: Problem
    tree: Tree | None
    media: Media

    @property
    def at(self) -> Position:
        return Position(self.problem.line, self.problem.column)

    @property
    def written(self) -> str:
        """The page from the place on, to the end of the line."""
        return self._line[self.at.column - 1 :]

    @property
    def before(self) -> str:
        """The page up to the place, from the beginning of the line."""
        return self._line[: self.at.column - 1]

    @property
    def _line(self) -> str:
        return self.tree.page.line(self.at.line) if self.tree else self.problem.line_text

    @property
    def pointer(self) -> Pointer:
        assert self.tree is not None
        places = {pointer_text(pointer): pointer for pointer in pointers(self.tree.value)}
        return places[self.problem.pointer or ""]

    @property
    def key(self) -> Any:
        return self.pointer[-1] if self.pointer else ""

    @property
    def value(self) -> Any:
        assert self.tree is not None
        return self.tree.at(self.pointer)

    @property
    def around(self) -> Any:
        assert self.tree is not None
        return self.tree.at(self.pointer[:-1])

    @property
    def on_key(self) -> bool:
        assert self.tree is not None
        return self.at == self.tree.key_position(self.pointer)

    @property
    def on_value(self) -> bool:
        assert self.tree is not None
        return self.at == self.tree.value_position(self.pointer)

    @property
    def within(self) -> bool:
        """Whether it stands inside the string that its pointer names, at a word of its own."""
        assert self.tree is not None
        exact = self.at > self.tree.value_position(self.pointer)
        whole = not self.before[-1:].isalnum()
        return isinstance(self.value, str) and whole and (exact or self.on_value)

    @property
    def style(self) -> str:
        assert self.tree is not None
        inside = self.at > self.tree.value_position(self.pointer)
        return f"{self.tree.style(self.pointer)}, {'inside' if inside else 'its start'}"

    def is_second_of(self, *keys: str) -> bool:
        """Whether it is on one of `keys`, and another of them stands before it."""
        assert self.tree is not None
        others = (self.tree.key_position((*self.pointer[:-1], key)) for key in keys
                  if key in self.around and key != self.key)  # fmt: skip
        return self.on_key and self.key in keys and any(other < self.at for other in others)

    def lacks(self, *keys: str) -> bool:
        """Whether it is on the key of an object that has none of `keys`."""
        return self.on_key and isinstance(self.value, dict) and not self.value.keys() & set(keys)


def read_page(source: Source) -> Tree | None:
    """Return what can be read of a page whatever is wrong with it; None where reading stopped."""
    reader = read_yaml if source.media == "yaml" else read_json
    try:
        return reader(source, Limits())[0]
    except SpecError:
        return None


def _name(found: Found) -> str:
    match = re.match(r"[A-Za-z_]\w*", found.written)
    return match.group() if match else ""


def _in(part: str) -> Callable[[Found], bool]:
    return lambda found: len(found.pointer) > 1 and found.pointer[-2] == part


def _reads(found: Found) -> bool:
    return not _LITERAL & set(map(str, found.pointer[-2:])) and found.within


def _declared(found: Found) -> bool:
    return found.pointer[0] == "inputs" and len(found.pointer) > 1


Rule = Callable[[Found], bool]
RULES: Mapping[str, Mapping[str, Rule]] = {
    "syntax": {
        "in yaml": lambda f: f.media == "yaml" and f.problem.pointer is None,
        "in json": lambda f: f.media == "json" and f.problem.pointer is None,
    },
    "yaml-feature": {
        "an anchor's &": lambda f: f.written.startswith("&"),
        "an alias's *": lambda f: f.written.startswith("*"),
        "a tag's !": lambda f: f.written.startswith("!"),
        "the key <<": lambda f: f.written.startswith("<<:"),
        "a directive": lambda f: f.written.startswith("%"),
        "a second document": lambda f: f.written.startswith("---"),
        "a number that is not finite": lambda f: bool(re.match(r"[-+]?\.(inf|nan)", f.written)),
        "a key that is no string": lambda f: bool(re.match(r"(\d+|~|null|true):", f.written)),
        "a key that is an object": lambda f: f.written.startswith(("{", "[")),
    },
    "yaml-boolean": {"a key": lambda f: f.on_key and f.key != 0, "a value": lambda f: f.on_value},
    "duplicate-key": {
        "the later key, in yaml": lambda f: f.media == "yaml" and _is_later(f),
        "the later key, in json": lambda f: f.media == "json" and _is_later(f),
    },
    "unknown-key": {
        "of a document": lambda f: f.on_key and len(f.pointer) == 1,
        "of a declaration": lambda f: f.on_key and _declared(f),
        "of a plan": lambda f: f.on_key and f.pointer[0] == "plan",
        "an input that the callee lacks": lambda f: _is_parameter(f) and "steps" not in f.around,
        "beside a block": lambda f: _is_parameter(f) and "steps" in f.around,
        "a control key without its partner": lambda f: f.on_key and f.key in CONTROL_KEYS
        and f.key != "op",
        "op in a workflow": lambda f: f.on_key and f.key == "op",
        "of else": lambda f: f.on_key and _in("else")(f),
        "of fallback": lambda f: f.on_key and _in("fallback")(f),
        "of loop": lambda f: f.on_key and _in("loop")(f),
        "of next": lambda f: f.on_key and _in("next")(f),
    },
    "missing-key": {
        "the document's first character": lambda f: not f.pointer and f.at == START,
        "a step without a body": lambda f: _is_step(f) and f.lacks(*BODY_KEYS),
        "a step whose input is left out": lambda f: _is_step(f) and bool(
            f.value.keys() & {"use", "flow"}) and "fold" not in f.value,
        "a block without outputs": lambda f: _is_step(f) and "steps" in f.value
        and f.lacks("outputs", "loop"),
        "fold without start": lambda f: "fold" in f.value and f.lacks("start"),
        "loop without one of its keys": lambda f: f.on_key and f.key == "loop",
        "next without what start has": lambda f: f.on_key and f.key == "next",
    },
    "conflicting-keys": {
        "workflow and module": lambda f: f.is_second_of("workflow", "module"),
        "two bodies": lambda f: f.is_second_of(*BODY_KEYS),
        "two ways of repeating": lambda f: f.is_second_of(*_REPEATING),
        "outputs beside loop": lambda f: f.is_second_of("outputs", "loop"),
    },
    "bad-name": {
        "the name of a workflow": lambda f: f.on_value and f.key == "workflow",
        "the name of a module": lambda f: f.on_value and f.key == "module"
        and not is_name(f.value),
        "a standard module's": lambda f: f.on_value and f.key == "module" and is_name(f.value),
        "an input that is no id": lambda f: f.on_key and _declared(f) and not is_id(f.key),
        "an input like a control key": lambda f: f.on_key and _declared(f)
        and f.key in CONTROL_KEYS,
        "a step that is no id": lambda f: f.on_key and _is_step(f) and not is_id(f.key),
        "a reserved step": lambda f: f.on_key and f.key in RESERVED_STEP_IDS,
        "a step already visible": lambda f: f.on_key and _is_step(f) and is_id(f.key)
        and len(f.pointer) > 2,
        "an output that is no id": lambda f: f.on_key and _in("outputs")(f) and not is_id(f.key),
        "a state like a field of loops": lambda f: f.on_key and _in("start")(f),
    },
    "wrong-type": {
        "a value": lambda f: f.on_value,
        "a key of an object": lambda f: f.on_key,
        "an operand": lambda f: f.within and f.value.startswith("$"),
        "a slot": lambda f: f.within and not f.value.startswith("$"),
        "$step alone with several fields": lambda f: f.on_value
        and bool(re.fullmatch(r"\$\w+", str(f.value))) and "several fields" in f.problem.detail,
    },
    "bad-value": {
        "out of a range": lambda f: f.on_value and type(f.value) is int,
        "out of an enum": lambda f: f.on_value and f.key in ("by", "on_error"),
        "not of the form": lambda f: f.on_value and f.key in ("timeout", "cache"),
        "nothing in it": lambda f: f.on_value and f.value == {},
        "an unknown type word": lambda f: f.on_value and _declared(f) and isinstance(f.value, str),
        "a schema that is none": lambda f: f.on_value and _declared(f) and len(f.pointer) > 2,
        "a pass that there is not": lambda f: f.on_value and f.pointer[0] == "plan",
        "a number on the page": lambda f: f.on_value and bool(re.match(r"[-\d]", f.written)),
        "a number in an expression": lambda f: f.within and f.written[0].isdigit(),
    },
    "unknown-reference": {
        "a step": lambda f: _reads(f) and not _is_field(f) and _name(f) not in ELEMENT_NAMES,
        "an input": lambda f: _reads(f) and f.before.endswith("inputs."),
        "a field": lambda f: _reads(f) and _is_field(f) and not f.before.endswith("inputs."),
        "an element outside its body": lambda f: _reads(f) and _name(f) in ELEMENT_NAMES
        and not _is_field(f),
        "in after": lambda f: f.on_value and _in("after")(f),
        "in collect": lambda f: f.on_value and f.key == "collect",
        "in stream": lambda f: f.on_value and _in("stream")(f),
        "in a slot": lambda f: _reads(f) and not f.value.startswith("$"),
        "in an expression": lambda f: _reads(f) and f.value.startswith("$"),
    },
    "may-be-null": {
        "the first name of a path in a slot": lambda f: f.within and not _is_field(f)
        and not f.value.startswith("$") and f.before.rstrip().endswith("{{"),
        "the first name of a path in an expression": lambda f: f.within and not _is_field(f)
        and f.value.startswith("$") and bool(_name(f)),
        "the start of a scalar that is folded": lambda f: _is_start(f),
    },
    "unknown-module": {
        "the value of use": lambda f: f.on_value and f.key == "use",
        "the value of op": lambda f: f.on_value and f.key == "op",
    },
    "unknown-flow": {
        "a name": lambda f: f.on_value and f.key == "flow" and "@" not in f.value,
        "a version": lambda f: f.on_value and f.key == "flow" and "@" in f.value,
    },
    "unknown-engine": {"the value": lambda f: f.on_value and f.key == "engine"},
    "unknown-function": {"its name": lambda f: bool(re.match(r"\w+\(", f.written))},
    "unknown-formatter": {
        "its name": lambda f: f.before.rstrip().endswith("|") and bool(_name(f)),
        "the start of a scalar that is folded": lambda f: _is_start(f),
    },
    "bad-expression": {"the scalar": lambda f: f.on_value and f.value.startswith("$")},
    "bad-template": {
        "the braces": lambda f: f.written.startswith("{{"),
        "the start of a scalar that is folded": lambda f: _is_start(f),
    },
    "cycle": {
        "the first of several steps in the file": lambda f: f.on_key and _is_step(f)
        and "each other" in f.problem.detail,
        "a step that reads itself": lambda f: f.on_key and _is_step(f)
        and "itself" in f.problem.detail,
    },
    "recursion": {
        "the value of use": lambda f: f.on_value and f.key == "use",
        "the value of flow": lambda f: f.on_value and f.key == "flow",
    },
    "too-large": {
        "a value": lambda f: f.tree is None or f.on_value,
        "a key": lambda f: f.tree is not None and f.on_key and f.key == "steps",
        "a slot": lambda f: f.tree is not None and f.within and f.written.startswith("{{"),
    },
}  # fmt: skip
STYLES = ("plain, inside", "quoted, inside", "literal, inside", "other, its start",
          "quoted, its start")  # fmt: skip


def _is_later(found: Found) -> bool:
    assert found.tree is not None
    first = found.tree.key_position(found.pointer)
    return found.at > first and found.written.lstrip('"').startswith(str(found.key))


def _is_start(found: Found) -> bool:
    """Whether it is the start of a string that does not stand on the page letter by letter."""
    return found.on_value and isinstance(found.value, str) and found.value not in found.written


def _is_parameter(found: Found) -> bool:
    return found.on_key and found.key not in CONTROL_KEYS and _is_step_pointer(found.pointer[:-1])


def _is_step(found: Found) -> bool:
    return found.on_key and _is_step_pointer(found.pointer)


def _is_step_pointer(pointer: Pointer) -> bool:
    return len(pointer) > 1 and len(pointer) % 2 == 0 and set(pointer[::2]) == {"steps"}


def _is_field(found: Found) -> bool:
    written_out = found.before.endswith("[") and found.written[:1] in ("'", '"', *"0123456789")
    return found.before.endswith(".") or written_out
