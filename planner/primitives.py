"""The closed set of operations: their ports, the kind of pool that runs them, how they may be cut.

The table of DESIGN: adding a row here is what makes a new `op:` exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from spec.model import Input, Origin
from spec.types import ANY, Type
from spec.values import JSON
from spec.vocabulary import Signature

#: Types of ports that primitives hand to one another, and nobody can look into.
INNER_WORDS = frozenset({"call", "vector"})

_BUILT_IN = Origin(source="built in", pointer="", line=1, column=1)


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of input `takes` are independent; outputs `gives` of pieces, joined, are the whole."""

    takes: str
    gives: str


@dataclass(frozen=True, slots=True)
class OpSpec:
    """One operation. `continues` names the op that shares its engine request, as decode does."""

    name: str
    kind: str
    signature: Signature
    cut: Cut | None = None
    continues: str | None = None
    streams: str | None = None


def _input(id: str, type: Type, default: JSON = None, required: bool = True) -> Input:
    return Input(
        id=id,
        type=type,
        required=required,
        default=default,
        schema={},
        description="",
        origin=_BUILT_IN,
    )


def _signature(inputs: tuple[Input, ...], outputs: Mapping[str, Type]) -> Signature:
    return Signature({each.id: each for each in inputs}, outputs)


def _optional(id: str, word: str, lists: int = 0, default: JSON = None) -> Input:
    return _input(id, Type(word, lists, default is None), default, required=False)


OPS: Mapping[str, OpSpec] = MappingProxyType(
    {
        op.name: op
        for op in (
            OpSpec(
                "chunk",
                "inline",
                _signature(
                    (
                        _input("text", ANY),
                        _optional("size", "integer", default=512),
                        _optional("overlap", "integer", default=0),
                    ),
                    {"items": Type("doc", 1)},
                ),
            ),
            OpSpec(
                "embed",
                "embedding",
                _signature(
                    (_input("texts", Type("any", 1, True)),), {"vectors": Type("vector", 1)}
                ),
                cut=Cut("texts", "vectors"),
            ),
            OpSpec(
                "ingest",
                "vector",
                _signature(
                    (
                        _optional("chunks", "doc", 1),
                        _optional("vectors", "vector", 1),
                        _optional("name", "string"),
                    ),
                    {"index": Type("index")},
                ),
            ),
            OpSpec(
                "search",
                "vector",
                _signature(
                    (
                        _input("index", Type("index")),
                        _input("vectors", Type("vector", 1)),
                        _optional("top_k", "integer", default=10),
                    ),
                    {"docs": Type("doc", 2)},
                ),
            ),
            OpSpec(
                "prefill",
                "llm",
                _signature(
                    (
                        _input("prompt", Type("prompt")),
                        _optional("system", "prompt"),
                        _optional("names", "object"),
                    ),
                    {"call": Type("call")},
                ),
            ),
            OpSpec(
                "decode",
                "llm",
                _signature(
                    (
                        _input("call", Type("call")),
                        _optional("temperature", "number", default=0),
                        _optional("max_tokens", "integer"),
                        _optional("stop", "string", 1),
                        _optional("seed", "integer"),
                    ),
                    {"text": Type("string")},
                ),
                continues="prefill",
                streams="text",
            ),
            OpSpec(
                "format",
                "inline",
                _signature((_input("template", Type("string")),), {"text": Type("string")}),
            ),
            OpSpec(
                "select",
                "inline",
                _signature((_input("value", Type("any", 0, True)),), {"value": ANY}),
            ),
        )
    }
)

KINDS = tuple(sorted({op.kind for op in OPS.values()}))
