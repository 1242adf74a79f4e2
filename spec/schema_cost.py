"""How much work a schema may make: known from the schema alone, before a validator sees it.

A validator cannot be interrupted, so what it is given is bounded: no `$ref` leads back to itself,
and a schema looks at one place of a value only so many times.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from spec.limits import SCHEMA_LOOKS_MAX, SCHEMA_NESTED_MAX
from spec.schema_error import SchemaError
from spec.schema_references import Places, path_in, path_of
from spec.schema_words import parts, schemas_in
from spec.source import Pointer
from spec.values import JSON

#: Words whose schemas are held against the same place of a value; others look at what is inside.
_HERE = ("not", "if", "then", "else", "allOf", "anyOf", "oneOf", "dependentSchemas")
_CHOICES_A_LOOK = 16
_MATCHING = ("pattern", "patternProperties", "format")


class _TooCostly(Exception):
    def __init__(self, error: SchemaError) -> None:
        super().__init__(error.detail)
        self.error = error


@dataclass(frozen=True, slots=True)
class Cost:
    """How often a schema looks at a place: `here` where it is applied, `below` at any deeper."""

    here: int = 1
    below: int = 0

    @property
    def looks(self) -> int:
        """Return how often it looks at any one place."""
        return max(self.here, self.below)


def cost_errors(places: Places) -> Iterator[SchemaError]:
    """Yield every `$ref` that leads back, or else the first place where looking costs too much.

    `places` are one schema and all inside it, in which every `$ref` leads somewhere.
    """
    walk = _Walk(places)
    try:
        for at, schema in places.items():
            if not at or at[-2:-1] == ("$defs",):
                walk.cost(schema, at, ())
    except _TooCostly as error:
        walk.wrong.append(error.error)
    yield from walk.wrong


def cost(schema: Mapping[str, JSON]) -> Cost:
    """Return what `schema`, which has no errors, costs."""
    return _Walk(dict(schemas_in(schema))).cost(schema, (), ())


def is_matching(schema: JSON) -> bool:
    """Whether a pattern or a format stands in `schema`: what costs more for a longer string."""
    if isinstance(schema, dict):
        return any(word in schema for word in _MATCHING) or any(map(is_matching, schema.values()))
    return isinstance(schema, list) and any(map(is_matching, schema))


def measure(value: JSON) -> tuple[int, int]:
    """Return how many places and how many characters `value` has."""
    if isinstance(value, str):
        return 1, len(value)
    elements: Iterable[JSON] = ()
    keys = 0
    if isinstance(value, dict):
        elements, keys = value.values(), sum(map(len, value))
    elif isinstance(value, list):
        elements = value
    sizes = [measure(element) for element in elements]
    return 1 + sum(places for places, _ in sizes), keys + sum(chars for _, chars in sizes)


class _Walk:
    """One schema, what is known of the targets of its `$ref`s, and which of these are wrong."""

    def __init__(self, places: Places) -> None:
        self.targets = {path_of(at): (at, schema) for at, schema in places.items()}
        self.known: dict[Pointer, Cost] = {}
        self.wrong: list[SchemaError] = []
        self.nested = 0

    def cost(self, schema: JSON, at: Pointer, through: tuple[Pointer, ...]) -> Cost:
        """Return what `schema`, which stands at `at`, costs; `through` are the `$ref`s so far."""
        if not isinstance(schema, dict):
            return Cost()
        if self.nested == SCHEMA_NESTED_MAX:
            detail = f"schemas stand more than {SCHEMA_NESTED_MAX} deep in one another"
            raise _TooCostly(_passed(at, f"{detail} (`schema_nested_max`)"))
        self.nested += 1
        found = self.sum(schema, at, through)
        self.nested -= 1
        if found.looks > SCHEMA_LOOKS_MAX:
            detail = f"it may look at one place of a value more than {SCHEMA_LOOKS_MAX} times"
            raise _TooCostly(_passed(at, f"{detail} (`schema_looks_max`)"))
        return found

    def sum(self, schema: Mapping[str, JSON], at: Pointer, through: tuple[Pointer, ...]) -> Cost:
        here = 1 + len(schema.get("enum", ())) // _CHOICES_A_LOOK
        below = widest = 0
        if "$ref" in schema:
            target = self.follow(schema["$ref"], at, through)
            here, below = here + target.here, target.below
        for path, part in parts(schema):
            if path[0] == "$defs":
                continue
            found = self.cost(part, (*at, *path), through)
            if path[0] in _HERE:
                here, below = here + found.here, below + found.below
            elif path[0] == "properties":
                widest = max(widest, found.looks)  # a place of a value has one name
            else:
                below += found.looks
        return Cost(here, below + widest)

    def follow(self, target: str, at: Pointer, through: tuple[Pointer, ...]) -> Cost:
        where, found = self.targets[path_in(target)]
        if where in through or at[: len(where)] == where:
            detail = "a `$ref` may not lead back to where it stands: there would be no end"
            self.wrong.append(SchemaError((*at, "$ref"), detail, "$ref"))
            return Cost()
        if where not in self.known:
            self.known[where] = self.cost(found, where, (*through, where))
        return self.known[where]


def _passed(at: Pointer, detail: str) -> SchemaError:
    return SchemaError(at, detail, "", "too-large")
