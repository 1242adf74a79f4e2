"""An object that a JSON Schema describes, its values taken from somewhere.

Knows schemas only; where texts, numbers and truths come from is for a `Source` to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from spec.values import JSON

DEEP_MAX = 16
ELEMENTS = 3
ELEMENTS_MAX = 100
_SCALARS = ("string", "integer", "number")


class Source(Protocol):
    """Where values come from, asked by the name of the field. None where there is nothing."""

    def text(self, name: str) -> str | None: ...

    def texts(self, name: str) -> Sequence[str]: ...

    def number(self, name: str) -> float | None: ...

    def truth(self, name: str) -> bool: ...

    def mentions(self, word: str) -> int: ...


def fill(schema: Mapping[str, JSON], source: Source) -> JSON:
    """Return a value for `schema`, as far as its types, enums, lengths and ranges go.

    What else a schema demands is not looked at: whoever needs it has to check.
    """
    return _Filling(schema, source).value(schema, "", 0)


@dataclass(frozen=True, slots=True)
class _Filling:
    root: Mapping[str, JSON]
    source: Source

    def value(self, schema: JSON, name: str, depth: int) -> JSON:
        if not isinstance(schema, dict) or depth > DEEP_MAX:
            return None
        if "const" in schema:
            return schema["const"]
        if options := schema.get("enum"):
            return _choice(options, self.source)
        if (other := self._elsewhere(schema)) is not None:
            return self.value(other, name, depth + 1)
        words = schema.get("type", "object" if "properties" in schema else "string")
        words = words if isinstance(words, list) else [words]
        kind = next((word for word in words if word != "null"), "null")
        return self._of_kind(kind, schema, name, depth, optional="null" in words)

    def _elsewhere(self, schema: Mapping[str, JSON]) -> JSON:
        """Return the schema that stands for this one, if another does."""
        if isinstance(target := schema.get("$ref"), str):
            return _pointed(self.root, target)
        found = (schema[key] for key in ("anyOf", "oneOf", "allOf") if schema.get(key))
        return next(found, [None])[0]

    def _of_kind(
        self, kind: str, schema: Mapping[str, JSON], name: str, depth: int, *, optional: bool
    ) -> JSON:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
        found = _scalar(kind, schema, name, self.source)
        return _least(kind, schema) if found is None and not optional else found

    def _object(self, schema: Mapping[str, JSON], depth: int) -> JSON:
        properties, required = schema.get("properties") or {}, schema.get("required") or ()
        return {
            key: self.value(each, key, depth + 1)
            for key, each in properties.items()
            if key in required or self._is_known(each, key)
        }

    def _is_known(self, schema: JSON, name: str) -> bool:
        """Say whether there is anything to put into a field that may be left out."""
        kind = schema.get("type") if isinstance(schema, dict) else None
        return kind not in _SCALARS or _scalar(kind, schema, name, self.source) is not None

    def _array(self, schema: Mapping[str, JSON], name: str, depth: int) -> JSON:
        least, most = schema.get("minItems", 0), schema.get("maxItems", ELEMENTS)
        element = schema.get("items", {"type": "string"})
        found: list[JSON] = []
        if isinstance(element, dict) and element.get("type") == "string" and "enum" not in element:
            found += [_fitted(text, element) for text in self.source.texts(name)[:most]]
        while len(found) < min(least, ELEMENTS_MAX):
            found.append(self.value(element, name, depth + 1))
        return found


def _scalar(kind: str, schema: Mapping[str, JSON], name: str, source: Source) -> JSON:
    match kind:
        case "boolean":
            return source.truth(name)
        case "integer" | "number":
            number = source.number(name)
            return None if number is None else _within(schema, kind, number)
        case "string":
            text = source.text(name)
            return None if text is None else _fitted(text, schema)
    return None


def _within(schema: Mapping[str, JSON], kind: str, number: float) -> JSON:
    found = max(number, schema.get("minimum", number))
    found = min(found, schema.get("maximum", found))
    return int(found) if kind == "integer" or found == int(found) else found


def _fitted(text: str, schema: Mapping[str, JSON]) -> str:
    return text[: schema.get("maxLength", len(text))]


def _least(kind: str, schema: Mapping[str, JSON]) -> JSON:
    """Return the least there is of a kind, where nothing is known."""
    match kind:
        case "integer" | "number":
            return _within(schema, kind, 0)
        case "string":
            return _fitted("unknown" if schema.get("minLength", 0) else "", schema)
    return None


def _choice(options: Sequence[JSON], source: Source) -> JSON:
    """Return the option that is mentioned most often, of equals the first."""
    return max(options, key=lambda each: source.mentions(each) if isinstance(each, str) else 0)


def _pointed(root: JSON, target: str) -> JSON:
    found = root
    for key in target.removeprefix("#").split("/")[1:]:
        found = found.get(key) if isinstance(found, dict) else None
    return found
