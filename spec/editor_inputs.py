"""The `inputs:` of a document as an editor is told of them: type words, or JSON Schema."""

from collections.abc import Mapping
from types import MappingProxyType

from spec.editor_controls import ids
from spec.editor_values import Schema, reference
from spec.names import CONTROL_KEYS
from spec.schema_words import JSON_TYPES, KEYWORDS
from spec.types import MODULE_WORDS, WORDS

WORD_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "string": "text",
        "integer": "a whole number within ±(2^53 - 1)",
        "number": "a whole number or one with a fraction",
        "boolean": "`true` or `false`",
        "object": "keys with values",
        "any": "anything",
        "file": "a file: `{id: …}` of an upload, or `{name: …, text: …}`, when a run is given one",
        "doc": "a passage, a hit, a page of the web",
        "message": "one message of a conversation, of the role system, user, assistant or tool",
        "index": "what is searched; only handed on",
        "secret": "`$secret.NAME`; only handed on, never text and never an output",
        "prompt": "text for a model, over the caller's names and those it declares",
        "schema": "fields with a type word or a JSON Schema each",
    }
)
KEYWORD_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "type": "A type word, with [] for lists and ? for may be null, or a type of JSON Schema.",
        "description": "What the input is, for whoever calls this.",
        "default": "What it is when it is not given; then it need not be.",
        "enum": "The values it may have. Without a type they are strings.",
        "names": "The names that the text of a prompt may use besides the caller's, with types.",
        "minimum": "The least number.",
        "maximum": "The greatest number.",
        "minItems": "How many elements a list has at least.",
        "maxItems": "How many elements a list has at most.",
        "items": "What the elements of a list are.",
        "properties": "What the keys of an object are.",
        "required": "The keys that an object has to have; another may be null.",
    }
)
# `doc?[]` is a list that may hold null, which no workflow is given.
_LISTS = (r"(?:\[\])*\??", r"(?:\??\[\])*\??")
_FORMS: Mapping[str, Schema] = MappingProxyType(
    {
        "description": {"type": "string"},
        "default": {},
        "enum": {"type": "array"},
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
        "minItems": {"type": "integer", "minimum": 0},
        "maxItems": {"type": "integer", "minimum": 0},
        "items": {"type": ["object", "boolean"]},
        "properties": {"type": "object"},
        "required": {"type": "array", "items": {"type": "string"}},
    }
)


def inputs(kind: str) -> Schema:
    """Return the form of the inputs of a workflow or of a module: `kind`."""
    return {
        "propertyNames": ids(CONTROL_KEYS, "input"),
        "additionalProperties": reference(f"{kind}_input"),
    }


def declaration(*, in_module: bool) -> Schema:
    """Return the form of one input, or of a field of what is written like inputs."""
    return {"anyOf": [*_words(in_module), _in_full(in_module)]}


def _words(in_module: bool, *more: str) -> tuple[Schema, Schema]:
    """Return the form of a type word: one of a list to choose from, or with `[]` and `?`."""
    words = [word for word in WORDS if in_module or word not in MODULE_WORDS]
    offered = [*words, *(word for word in more if word not in words)]
    return (
        {
            "type": "string",
            "enum": offered,
            "enumDescriptions": [WORD_MEANINGS.get(word, "") for word in offered],
        },
        {"type": "string", "pattern": f"^(?:{'|'.join(words)}){_LISTS[in_module]}$"},
    )


def _in_full(in_module: bool) -> Schema:
    names = {"additionalProperties": {"anyOf": list(_words(False))}, "type": "object"}
    several = {"type": "array", "items": {"enum": list(JSON_TYPES)}}
    of_keys = {
        **_FORMS,
        "type": {"anyOf": [*_words(in_module, *JSON_TYPES), several]},
        "names": names,
    }
    keywords = [*KEYWORDS, "names"] if in_module else KEYWORDS
    told = {
        key: {"description": meaning, **of_keys[key]}
        for key, meaning in KEYWORD_MEANINGS.items()
        if key in keywords
    }
    others = dict.fromkeys((key for key in keywords if key not in told), True)
    return {"type": "object", "properties": told | others, "additionalProperties": False}
