"""The `$ref`s of a schema: each is a path to another schema inside the same one, and no further."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import TypeAlias
from urllib.parse import quote, unquote

from spec.limits import ECHO_CHARS_MAX
from spec.problems import nearest, quoted
from spec.schema_error import SchemaError
from spec.schema_words import schemas_in
from spec.source import Pointer
from spec.values import JSON

#: One schema and all inside it, each with its pointer.
Places: TypeAlias = Mapping[Pointer, JSON]

_REFERENCE = re.compile(
    r"#(?:/(?:[\w.!$&'()*+,;=:@?-]|~[01]|%(?!2[Ff])[0-9A-Fa-f]{2})*)*", re.ASCII
)


def reference_errors(places: Places) -> Iterator[SchemaError]:
    """Yield every `$ref` that leads nowhere, or out of the schema."""
    targets = {*map(path_of, places)}
    for at, schema in places.items():
        target = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(target, str):
            continue
        if not _REFERENCE.fullmatch(target):
            detail = (
                "nothing is fetched: a `$ref` is `#/` and a path in this schema, as `#/$defs/a`; "
                "signs other than a-z, 0-9 and _ are percent-encoded in it"
            )
            yield SchemaError((*at, "$ref"), detail, "$ref")
        elif path_in(target) not in targets:
            known = (f"#{_fragment(pointer)}" for pointer in places if pointer)
            hint = nearest(target, (name for name in known if len(name) <= ECHO_CHARS_MAX))
            detail = f"there is no schema at {quoted(target)} in this schema"
            yield SchemaError((*at, "$ref"), detail, "$ref", hint=hint)


def path_in(target: str) -> tuple[str, ...]:
    """Return the path that a `$ref` such as `#/$defs/a` takes from the root."""
    names = (unquote(name, errors="surrogateescape") for name in target.split("/")[1:])
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in names)


def path_of(pointer: Pointer) -> tuple[str, ...]:
    """Return the path by which a `$ref` comes to `pointer`."""
    return tuple(map(str, pointer))


def moved(schema: JSON, under: Pointer) -> JSON:
    """Return `schema` as it is inside a larger one, at `under`: its `$ref`s lead there.

    >>> moved({"items": {"$ref": "#/$defs/a"}, "$defs": {"a": {}}}, ("properties", "b/c"))["items"]
    {'$ref': '#/properties/b~1c/$defs/a'}
    """
    found = deepcopy(schema)
    for _, part in schemas_in(found):
        if isinstance(part, dict) and "$ref" in part:
            part["$ref"] = f"#{_fragment(under)}{part['$ref'].removeprefix('#')}"
    return found


def _fragment(pointer: Pointer) -> str:
    names = (str(key).replace("~", "~0").replace("/", "~1") for key in pointer)
    return "".join("/" + quote(name, safe="~$") for name in names)
