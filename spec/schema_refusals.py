"""Why a value does not meet an author's schema, each reason at the smallest wrong thing in it.

Offline, within limits, and in linear time for the longest of values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from itertools import islice
from operator import getitem
from typing import Any

from spec.limits import SCHEMA_MATCHED_CHARS_MAX, SCHEMA_WORK_MAX
from spec.problems import echo, listed, nearest, quoted
from spec.regexes import compiled
from spec.schema_cost import cost, is_matching, measure
from spec.schema_error import SchemaError
from spec.source import Pointer
from spec.values import JSON

_ERRORS_MAX = 20
_READY_MAX = 64
_VALUE = "\0"  # what the engine's sentences have for a value, which may be as long as it likes


def refusals(schema: Mapping[str, JSON], value: JSON) -> Iterator[SchemaError]:
    """Yield why `value` does not meet `schema`, which has no errors."""
    if schema:
        yield from SchemaCheck(schema).refusals(value)


class SchemaCheck:
    """One schema, which has no errors, made ready once for all values that are held against it."""

    def __init__(self, schema: Mapping[str, JSON]) -> None:
        self.schema = schema
        self.is_flat = not any(isinstance(part, dict | list) for part in schema.values())
        self._met: set[tuple[type, JSON]] = (
            set()
        )  # numbers that do: steps repeat what they are given

    @cached_property
    def looks(self) -> int:
        """How often it looks at any one place of a value."""
        return cost(self.schema).looks

    @cached_property
    def validator(self) -> Any:
        """What holds a value against it."""
        return compiled(self.schema, mask=_VALUE)

    def refusals(self, value: JSON) -> Iterator[SchemaError]:
        """Yield why `value` does not meet the schema."""
        if not isinstance(value, int | float):
            yield from self._refusals(value)
        elif (type(value), value) not in self._met:
            found = list(self._refusals(value))
            yield from found
            self._met |= set() if found else {(type(value), value)}

    def _refusals(self, value: JSON) -> Iterator[SchemaError]:
        places, characters = measure(value)
        if not (self.is_flat and places == 1) and places * self.looks > SCHEMA_WORK_MAX:
            detail = "more values than its schema can be held against"
            yield _passed(f"{detail} (`schema_work_max`: {SCHEMA_WORK_MAX})")
            return
        if characters > SCHEMA_MATCHED_CHARS_MAX and is_matching(self.schema):
            most = f"{SCHEMA_MATCHED_CHARS_MAX} characters that patterns and formats"
            yield _passed(f"longer than the {most} are held against (`schema_matched_chars_max`)")
            return
        errors = self.validator.iter_errors(value)
        found = (refusal for error in errors for refusal in _told(error, value))
        yield from islice(found, _ERRORS_MAX)


@dataclass(slots=True)
class SchemaChecks:
    """The schemas that one page meets, as many as are kept ready at once."""

    _ready: dict[int, SchemaCheck] = field(default_factory=dict)  # by the schema's identity

    def of(self, schema: Mapping[str, JSON]) -> SchemaCheck:
        """Return the check of `schema`, which is not changed while the page is looked at."""
        if id(schema) not in self._ready:
            if len(self._ready) == _READY_MAX:
                self._ready.clear()
            self._ready[id(schema)] = SchemaCheck(schema)
        return self._ready[id(schema)]


def _passed(detail: str) -> SchemaError:
    return SchemaError((), detail, "", "too-large")


def _told(error: Any, whole: JSON) -> Iterator[SchemaError]:
    keyword, at, value = error.kind.name, tuple(error.instance_path), error.instance
    match keyword:
        case "required":
            detail = f"{quoted(error.kind.property)} is missing"
            yield SchemaError(at, detail, keyword, "missing-key", of_key=True)
        case "additionalProperties" | "unevaluatedProperties":
            yield from (_unexpected(at, name) for name in error.kind.unexpected)
        case "falseSchema" if error.schema_path[-1:] == ["additionalProperties"]:
            yield from (_unexpected(at, name) for name in reduce(getitem, at, whole))
        case "type":
            wanted = " or ".join(map(quoted, error.kind.types))
            detail = f"{echo(value)}, where a value of type {wanted} is wanted"
            yield SchemaError(at, detail, keyword, "wrong-type")
        case "enum":
            yield _not_chosen(at, value, error.kind.options)
        case _:
            yield SchemaError(at, _sentence(error, value), keyword)


def _sentence(error: Any, value: JSON) -> str:
    match error.kind.name:
        case "falseSchema":
            return "nothing may stand here"
        case "const":
            return f"{echo(value)}, where {echo(error.kind.expected_value)} is wanted"
        case "pattern":
            return f"{echo(value)} does not match the pattern {quoted(error.kind.pattern)}"
        case "not" | "propertyNames":
            return f"{echo(value)} does not meet {quoted(error.kind.name)}"
        case _:
            first = str(error.message).partition("\n")[0]
            return first.replace(_VALUE, echo(value))


def _unexpected(at: Pointer, name: str) -> SchemaError:
    detail = f"{quoted(name)} is none of the keys that may be here"
    return SchemaError((*at, name), detail, "additionalProperties", "unknown-key", of_key=True)


def _not_chosen(at: Pointer, value: JSON, options: list[JSON]) -> SchemaError:
    detail = f"{echo(value)} is not one of {listed(map(echo, options))}"
    words = [option for option in options if isinstance(option, str)]
    hint = nearest(value, words) if isinstance(value, str) else None
    return SchemaError(at, detail, "enum", hint=hint)
