"""The words of JSON Schema that authors may use, and where schemas stand inside one another."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from spec.source import Pointer
from spec.values import JSON

KEYWORDS = (
    "type", "enum", "const", "default", "description", "title", "examples", "format",
    "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "items", "prefixItems", "contains", "minContains",
    "maxContains", "minItems", "maxItems", "uniqueItems", "properties", "required",
    "additionalProperties", "patternProperties", "propertyNames", "minProperties",
    "maxProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
    "unevaluatedItems", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$defs",
    "$schema", "$comment", "deprecated", "readOnly", "writeOnly",
)  # fmt: skip
JSON_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
DIALECTS = tuple(f"https://json-schema.org/draft/2020-12/schema{end}" for end in ("", "#"))
#: `regex` is none of them: a value would be compiled before anyone knows how large it becomes.
FORMATS = (
    "date", "date-time", "time", "duration", "email", "idn-email", "hostname", "idn-hostname",
    "ipv4", "ipv6", "uri", "uri-reference", "uri-template", "iri", "iri-reference", "uuid",
    "json-pointer", "relative-json-pointer",
)  # fmt: skip

#: Keywords of JSON Schema that change what a `$ref` means, or that no value is held against.
NOT_UNDERSTOOD = (
    "$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor",
    "$vocabulary", "contentEncoding", "contentMediaType", "contentSchema",
)  # fmt: skip
#: What other keywords, of older drafts and of OpenAPI, are called here.
TODAY: Mapping[str, str] = MappingProxyType(
    {
        "$anchor": "$defs",
        "$dynamicRef": "$ref",
        "$recursiveRef": "$ref",
        "additionalItems": "items",
        "definitions": "$defs",
        "dependencies": "dependentRequired",
        "example": "examples",
    }
)

# Where schemas stand: one by itself, several in a list, or several by name.
ONE = (
    "not", "if", "then", "else", "items", "contains", "propertyNames", "additionalProperties",
    "unevaluatedProperties", "unevaluatedItems",
)  # fmt: skip
LISTED = ("allOf", "anyOf", "oneOf", "prefixItems")
NAMED = ("dependentSchemas", "patternProperties", "properties", "$defs")


def parts(schema: Mapping[str, JSON]) -> Iterator[tuple[Pointer, JSON]]:
    """Yield the schemas that stand in `schema` itself, each with its path, in their order."""
    for word, value in schema.items():
        if word in ONE:
            yield (word,), value
        elif word in LISTED and isinstance(value, list):
            yield from (((word, index), part) for index, part in enumerate(value))
        elif word in NAMED and isinstance(value, dict):
            yield from (((word, name), part) for name, part in value.items())


def schemas_in(schema: JSON, at: Pointer = ()) -> Iterator[tuple[Pointer, JSON]]:
    """Yield `schema` and every schema inside it, each with its pointer and before its own parts."""
    yield at, schema
    if isinstance(schema, dict):
        for path, part in parts(schema):
            yield from schemas_in(part, (*at, *path))
