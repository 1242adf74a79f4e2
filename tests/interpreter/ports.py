"""What each primitive takes and gives, and the kind of pool that runs it: the page's own table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from spec.model import Follows, Input, Origin
from spec.types import ANY, Type, parse_type
from spec.values import JSON
from spec.vocabulary import Signature

_NOWHERE = Origin("primitives", "", 1, 1)


@dataclass(frozen=True, slots=True)
class Ports:
    """One primitive. `follows` says which outputs are of a type that is given."""

    kind: str
    takes: tuple[Input, ...]
    gives: Mapping[str, Type]
    follows: Mapping[str, Follows]

    def signature(self) -> Signature:
        """Return what a checker holds a step with this `op` to."""
        return Signature({each.id: each for each in self.takes}, self.gives, self.follows)


def _ports(kind: str, takes: str, gives: str, **follows: Follows) -> Ports:
    """Read `name: type = default in least..most, …`; `=` and what follows may be left out.

    `in 8x64` bounds a list of strings: 8 of them, of 64 characters.
    """
    outputs = (port.split(": ") for port in gives.split(", "))
    return Ports(
        kind,
        tuple(_input(port) for port in takes.split(", ")),
        {name: parse_type(word) or ANY for name, word in outputs},
        follows,
    )


def _input(port: str) -> Input:
    id, rest = port.split(": ")
    rest, _, limits = rest.partition(" in ")
    word, _, default = rest.partition(" = ")
    type = parse_type(word) or ANY
    made = Input(id, type, not (type.optional or default), _data(default), {}, "", _NOWHERE)
    return replace(made, schema=_schema(limits)) if limits else made


def _data(written: str) -> JSON:
    if not written:
        return None
    known: dict[str, JSON] = {"[]": [], "{}": {}, "''": ""}
    return int(written) if written.isdigit() else known.get(written, written)


def _schema(limits: str) -> dict[str, JSON]:
    if "|" in limits:
        return {"enum": limits.split("|")}
    if "x" in limits:
        most, chars = map(int, limits.split("x"))
        of = {"type": "string", "minLength": 1, "maxLength": chars}
        return {"maxItems": most, "items": of}
    least, most = limits.split("..")
    return {"minimum": int(least)} | ({"maximum": int(most)} if most else {})


PORTS: Mapping[str, Ports] = MappingProxyType(
    {
        "chunk": _ports(
            "inline",
            "text: any, size: integer = 512 in 1..8192, overlap: integer = 0 in 0..8191",
            "items: doc[]",
        ),
        "embed": _ports("embedding", "texts: any[]?", "vectors: vector[]"),
        "ingest": _ports(
            "vector", "chunks: doc[]?, vectors: vector[]?, name: string?", "index: index"
        ),
        "search": _ports(
            "vector",
            "index: index, vectors: vector[], top_k: integer = 10 in 1..1000, queries: string[]?, "
            "by: string = vector in vector|lexical|hybrid, where: object?",
            "docs: doc[][]",
        ),
        "rerank": _ports(
            "rerank", "query: string, docs: doc[], top_k: integer? in 1..", "docs: doc[]"
        ),
        "prefill": _ports(
            "llm",
            "prompt: prompt?, system: prompt?, names: object?, messages: message[] = [], "
            "tools: string[] = []",
            "call: call",
        ),
        "decode": _ports(
            "llm",
            "call: call, temperature: number = 0 in 0..2, max_tokens: integer? in 1..32768, "
            "stop: string[]? in 8x64, seed: integer? in 0.., "
            "form: string = text in text|list|json, items: integer? in 1..1000, "
            "min_items: integer = 0 in 0..1000, schema: schema?",
            "text: string, items: string[], value: object, message: message, "
            "messages: message[], tool_calls: object[]",
            items=Follows("schema", "listed"),
            value=Follows("schema", "described"),
        ),
        "web_search": _ports("web", "query: string, top_k: integer = 5 in 1..100", "docs: doc[]"),
        "http": _ports(
            "http",
            "target: string, method: string = GET in GET|POST|PUT|PATCH|DELETE|HEAD, "
            "path: string = '', query: object?, body: any?, auth: secret?",
            "status: integer, body: any, text: string",
        ),
        "tool": _ports(
            "tool",
            "name: string, arguments: object = {}",
            "value: any, text: string, error: string?",
        ),
        "merge_top_k": _ports(
            "inline",
            "lists: any[], by: string = rrf in rrf|score|order, k: integer = 60 in 0.., "
            "top_k: integer? in 1..",
            "docs: doc[]",
        ),
        "aggregate": _ports("inline", "lists: any[]", "messages: message[]"),
        "format": _ports("inline", "template: prompt, doc: doc?", "text: string, doc: doc"),
        "select": _ports("inline", "value: any?", "value: any", value=Follows("value", "given")),
    }
)
