"""What is wrong with an author's JSON Schema, or what a schema refuses; and where."""

from dataclasses import dataclass

from spec.codes import Code
from spec.source import Pointer


@dataclass(frozen=True, slots=True)
class SchemaError:
    """Something that a schema refuses, or something wrong in the schema; `keyword` says by what.

    `pointer` starts at the schema, or at the value held against it. With `of_key` it is the key
    that is meant, else what stands there.
    """

    pointer: Pointer
    detail: str
    keyword: str
    code: Code = "bad-value"
    hint: str | None = None
    of_key: bool = False
