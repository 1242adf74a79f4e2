"""How much work a schema may make: known from the schema alone, before a validator sees it.

A validator cannot be interrupted, so what it is given is bounded: no `$ref` leads back to itself,
and a schema looks at one place of a value only so many times.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from spec.source import Pointer
from spec.values import JSON

#: How often one place of a value may be looked at.
LOOKS_MAX = 200
#: How deep schemas stand in one another, `$ref`s followed.
NESTED_MAX = 100
#: How often all places of a value together may be looked at.
WORK_MAX = 500_000
#: Characters of a value that a schema with patterns is applied to.
PATTERN_CHARS_MAX = 64 << 10

_HERE_LISTS = ("allOf", "anyOf", "oneOf")
_HERE = ("not", "if", "then", "else")
_HERE_MAPS = ("dependentSchemas",)
_BELOW = ("items", "contains", "propertyNames", "additionalProperties", "unevaluatedProperties",
          "unevaluatedItems")  # fmt: skip
_BELOW_LISTS = ("prefixItems",)
_BELOW_MAPS = ("patternProperties",)
_CHOICES_A_LOOK = 16
_KNOWN_DOLLARS = ("$ref", "$defs", "$comment")


class TooCostly(Exception):
    """A schema that may make more work than is allowed; `pointer` is where, in the schema."""

    def __init__(self, pointer: Pointer, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Cost:
    """How often a schema looks at a place: `here` where it is applied, `below` at any deeper."""

    here: int = 1
    below: int = 0

    @property
    def looks(self) -> int:
        """Return how often it looks at any one place."""
        return max(self.here, self.below)


def cost(schema: Mapping[str, JSON]) -> Cost:
    """Return what `schema` costs. Raise `TooCostly`."""
    return _Walk(schema).cost(schema, (), ())


def has_patterns(schema: JSON) -> bool:
    """Whether any pattern stands in `schema`."""
    if isinstance(schema, dict):
        found = "pattern" in schema or "patternProperties" in schema
        return found or any(map(has_patterns, schema.values()))
    return isinstance(schema, list) and any(map(has_patterns, schema))


def measure(value: JSON) -> tuple[int, int]:
    """Return how many places and how many characters `value` has."""
    if isinstance(value, str):
        return 1, len(value)
    parts: Iterable[JSON] = ()
    keys = 0
    if isinstance(value, dict):
        parts, keys = value.values(), sum(map(len, value))
    elif isinstance(value, list):
        parts = value
    sizes = [measure(part) for part in parts]
    return 1 + sum(places for places, _ in sizes), keys + sum(chars for _, chars in sizes)


class _Walk:
    """One schema, and the steps that may still be made through it."""

    def __init__(self, root: Mapping[str, JSON]) -> None:
        self.root = root
        self.known: dict[Pointer, Cost] = {}
        self.nested = 0

    def cost(self, schema: JSON, at: Pointer, through: tuple[Pointer, ...]) -> Cost:
        """Return what `schema`, which stands at `at`, costs; `through` are the `$ref`s so far."""
        if not isinstance(schema, dict):
            return Cost()
        self.check_keywords(schema, at)
        if self.nested == NESTED_MAX:
            detail = f"schemas stand more than {NESTED_MAX} deep in one another"
            raise TooCostly(at, f"{detail} (`schema_nested_max`)")
        self.nested += 1
        found = self.sum(schema, at, through)
        self.nested -= 1
        if found.looks > LOOKS_MAX:
            detail = f"it may look at one place of a value more than {LOOKS_MAX} times"
            raise TooCostly(at, f"{detail} (`schema_looks_max`)")
        return found

    def sum(self, schema: Mapping[str, JSON], at: Pointer, through: tuple[Pointer, ...]) -> Cost:
        def each(parts: Iterable[tuple[Pointer, JSON]]) -> list[Cost]:
            return [self.cost(part, (*at, *path), through) for path, part in parts]

        same = each(_parts(schema, _HERE, _HERE_LISTS, _HERE_MAPS))
        if "$ref" in schema:
            same.append(self.follow(schema["$ref"], at, through))
        deeper = each(_parts(schema, _BELOW, _BELOW_LISTS, _BELOW_MAPS))
        named = each(_parts(schema, (), (), ("properties",)))
        choices = schema.get("enum")
        return Cost(
            here=1
            + sum(one.here for one in same)
            + (len(choices) // _CHOICES_A_LOOK if isinstance(choices, list) else 0),
            below=sum(one.below for one in same)
            + sum(one.looks for one in deeper)
            + max((one.looks for one in named), default=0),
        )

    def follow(self, target: JSON, at: Pointer, through: tuple[Pointer, ...]) -> Cost:
        here = (*at, "$ref")
        if not isinstance(target, str) or (target != "#" and not target.startswith("#/")):
            raise TooCostly(here, "a `$ref` is `#/` and a path in this schema, as `#/$defs/name`")
        path = _path(target)
        if path in through or at[: len(path)] == path:
            raise TooCostly(here, "a `$ref` may not lead back to where it stands")
        if path not in self.known:
            found: JSON = self.root
            for name in path:
                found = _child(found, name)
            self.known[path] = self.cost(found, path, (*through, path))
        return self.known[path]

    def check_keywords(self, schema: Mapping[str, JSON], at: Pointer) -> None:
        for key in schema:
            if key.startswith("$") and key not in _KNOWN_DOLLARS:
                detail = f"`{key[:40]}` is not understood; `$ref` and `$defs` are"
                raise TooCostly((*at, key), detail)


def _path(target: str) -> Pointer:
    """Return the path that a `$ref` such as `#/$defs/a` takes from the root."""
    names = unquote(target).split("/")[1:]
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in names)


def _child(of: JSON, name: object) -> JSON:
    if isinstance(of, dict):
        return of.get(name)
    if isinstance(of, list) and isinstance(name, str) and name.isdecimal():
        return of[int(name)] if int(name) < len(of) else None
    return None


_Parts = list[tuple[Pointer, JSON]]


def _parts(
    schema: Mapping[str, JSON], one: Iterable[str], lists: Iterable[str], maps: Iterable[str]
) -> _Parts:
    """Return the schemas that stand under these keywords, each with its path."""
    found: _Parts = [((key,), schema[key]) for key in one if key in schema]
    entries: Callable[[JSON], Iterable[tuple[str | int, JSON]]]
    for keys, kind, entries in ((lists, list, enumerate), (maps, dict, dict.items)):
        for key in keys:
            if isinstance(schema.get(key), kind):
                found += [((key, name), part) for name, part in entries(schema[key])]
    return found
