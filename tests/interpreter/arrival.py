"""Whether a value that arrives in a run is what was declared: its type, then its schema.

What a type says of written data is `spec.data`'s; here are the values that only a run has.
"""

from collections.abc import Mapping

from spec.data import article, mismatches
from spec.schema_refusals import refusals
from spec.types import OPAQUE_WORDS, RECORDS, Type
from spec.values import JSON

INNER_WORDS = ("call", "vector")  # what primitives hand to one another


def misfit(value: JSON, wanted: Type, schema: Mapping[str, JSON]) -> str | None:
    """Return why `value` may not arrive where `wanted` under `schema` is declared, else None."""
    wrong = _mistyped(value, wanted)
    if wrong is not None or value is None or not schema:
        return wrong
    return next((refusal.detail for refusal in refusals(schema, value)), None)


def _mistyped(value: JSON, wanted: Type) -> str | None:
    if value is None:
        return None if wanted.optional or wanted.is_any else f"null, not {article(wanted)}"
    if wanted.lists:
        if not isinstance(value, list):
            return f"not {article(wanted)}"
        element = wanted.element()
        found = (_mistyped(item, element) for item in value)
        return next((wrong for wrong in found if wrong), None)
    if wanted.word in RECORDS:
        return _no_record(value, wanted.word)
    if wanted.word in OPAQUE_WORDS or wanted.word in INNER_WORDS:
        return None if isinstance(value, dict | list) else f"not {article(wanted)}"
    return next((wrong.detail for wrong in mismatches(value, wanted)), None)


def _no_record(value: JSON, word: str) -> str | None:
    fields = RECORDS[word]
    if not isinstance(value, dict):
        return f"no `{word}`"
    for name, type in fields.items():
        wrong = _mistyped(value.get(name), type)
        if wrong is not None:
            return f"no `{word}`: `{name}` is {wrong}"
    return next((f"a `{word}` has no `{name}`" for name in value if name not in fields), None)
