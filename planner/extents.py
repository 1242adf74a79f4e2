"""How large values will be: followed from the inputs of a run through all that is made of them.

What an operation gives follows from what it reads: pieces of a text from its length, passages from
`top_k`. Primitives are gone through in an order in which each comes after what it reads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from planner.extent import Extent
from planner.graph import Output, Primitive, PrimitiveId, RunInput
from planner.sizes import (
    DOCUMENT_TOKENS,
    INPUT_TOKENS,
    ITEM_TOKENS,
    LISTED,
    PASSAGE_TOKENS,
    REPLY_TOKENS,
    RESPONSE_TOKENS,
    Seen,
    Sizes,
)
from spec.values import JSON, Call, ListOf, Literal, Member, ObjectOf, Slice, Text, Value, parts

CHARACTERS = 4  # a token, in English text and the tokenizers of today
_NOTHING = Extent(0.0, 0.0)


@dataclass(slots=True)
class Extents:
    """What is known of the values of one graph. `outer` are those of what it was opened in."""

    sizes: Sizes
    outer: "Extents | None" = None
    outputs: dict[tuple[PrimitiveId, str], Extent] = field(default_factory=dict)
    fields: dict[PrimitiveId, Mapping[str, Extent]] = field(default_factory=dict)  #: of closings

    def note(self, primitive: Primitive) -> None:
        """Work out what `primitive` gives. What it reads was noted before."""
        if primitive.op == "close":
            self.note_fields(primitive.id, self._fields(primitive.params.get("value")))
            return
        gives = _GIVES.get(primitive.op)
        if gives is not None:
            seen = self.sizes.of(primitive.id)
            for port, extent in gives(self, primitive, seen).items():
                self.outputs[primitive.id, port] = extent

    def note_fields(self, closing: PrimitiveId, fields: Mapping[str, Extent]) -> None:
        """Keep what a structure, a child or a region gives, by field."""
        self.fields[closing] = fields
        total = sum(each.tokens for each in fields.values())
        self.outputs[closing, "value"] = Extent(1.0, total)

    def of(self, value: Value | None) -> Extent:
        """Return how large `value` will be."""
        match value:
            case None:
                return _NOTHING
            case Literal(data):
                return _data(data)
            case RunInput(id):
                return self._input(id)
            case Output(id, port):
                return self._output(id, port)
            case Member(of, key):
                return self._member(of, key)
            case Slice(of, Literal(first), Literal(stop)):
                whole = self.of(of)
                return whole.cut(stop - first) if whole.rows > 1 else whole
            case Call("len", _):
                return Extent(1.0, 1.0)
        return self._together(value)

    def beginning(self, value: Value | None) -> float:
        """Return how many tokens at the beginning of `value` are the same in every run."""
        match value:
            case Literal(str() as text):
                return len(text) / CHARACTERS
            case Text((str() as first, *_)):
                return len(first) / CHARACTERS
        return 0.0

    def _together(self, value: Value) -> Extent:
        inside = [self.of(part) for part in parts(value)]
        tokens = sum(each.tokens for each in inside)
        match value:
            case Text(segments):
                plain = sum(len(each) for each in segments if isinstance(each, str))
                return Extent(1.0, tokens + plain / CHARACTERS)
            case ListOf():
                return Extent(len(inside), tokens, max((each.rows for each in inside), default=1.0))
            case ObjectOf():
                return Extent(1.0, tokens)
        return Extent(sum(each.rows for each in inside) or 1.0, tokens)

    def _input(self, id: str) -> Extent:
        return self.sizes.inputs.get(id) or Extent(1.0, INPUT_TOKENS)

    def known(self, value: Value | None) -> bool:
        """Whether `value` is no input of a run of which nothing is known."""
        return not (isinstance(value, RunInput) and value.id not in self.sizes.inputs)

    def _output(self, id: PrimitiveId, port: str) -> Extent:
        found = self.outputs.get((id, port))
        if found is None and self.outer is not None:
            return self.outer._output(id, port)
        return found or Extent(1.0, REPLY_TOKENS)

    def _member(self, of: Value, key: object) -> Extent:
        if isinstance(of, Output) and isinstance(key, str):
            found = self._field(of.primitive, key)
            if found is not None:
                return found
        whole = self.of(of)
        return whole if isinstance(key, str) else whole.row()

    def _field(self, closing: PrimitiveId, name: str) -> Extent | None:
        if closing in self.fields:
            return self.fields[closing].get(name)
        return self.outer._field(closing, name) if self.outer is not None else None

    def _fields(self, value: Value | None) -> Mapping[str, Extent]:
        return (
            {key: self.of(each) for key, each in value.fields}
            if isinstance(value, ObjectOf)
            else {}
        )


def _data(data: JSON) -> Extent:
    match data:
        case None:
            return _NOTHING
        case str():
            return Extent(1.0, len(data) / CHARACTERS)
        case list():
            inside = [_data(each) for each in data]
            inner = max((each.rows for each in inside), default=1.0)
            return Extent(len(data), sum(each.tokens for each in inside), inner)
        case dict():
            return Extent(1.0, sum(_data(each).tokens for each in data.values()))
    return Extent(1.0, 1.0)


def number(value: Value | None, otherwise: float) -> float:
    """Return a number that the page says, or `otherwise`."""
    if isinstance(value, Literal) and isinstance(value.value, int | float):
        return float(value.value)
    return otherwise


def reply_tokens(decode: Primitive, seen: Seen) -> float:
    """Return how many tokens a reply has."""
    if seen.tokens_out is not None:
        return seen.tokens_out
    items = _listed(decode)
    usual = items * ITEM_TOKENS if items else float(REPLY_TOKENS)
    return min(usual, number(decode.params.get("max_tokens"), usual))


def _listed(decode: Primitive) -> float:
    """Return how many items a reply has: none where no list is asked for."""
    is_list = decode.params.get("form") == Literal("list")
    return number(decode.params.get("items"), LISTED) if is_list else 0.0


_Gives = Callable[[Extents, Primitive, Seen], Mapping[str, Extent]]


def _chunk(known: Extents, each: Primitive, _: Seen) -> Mapping[str, Extent]:
    text = each.params.get("text")
    tokens = known.of(text).tokens if known.known(text) else DOCUMENT_TOKENS
    size, overlap = number(each.params.get("size"), 512), number(each.params.get("overlap"), 0)
    pieces = max(1.0, -(-(tokens - overlap) // max(1.0, size - overlap)))
    return {"items": Extent(pieces, tokens + overlap * (pieces - 1))}


def _embed(known: Extents, each: Primitive, seen: Seen) -> Mapping[str, Extent]:
    rows = seen.rows if seen.rows is not None else known.of(each.params.get("texts")).rows
    return {"vectors": Extent(rows)}


def _search(known: Extents, each: Primitive, _: Seen) -> Mapping[str, Extent]:
    queries = known.of(each.params.get("vectors")).rows
    found = number(each.params.get("top_k"), 10)
    return {"docs": Extent(queries, queries * found * PASSAGE_TOKENS, found)}


def _best(known: Extents, each: Primitive, _: Seen) -> Mapping[str, Extent]:
    docs = known.of(each.params.get("docs") or each.params.get("lists"))
    return {"docs": docs.cut(number(each.params.get("top_k"), docs.rows))}


def _web_search(_: Extents, each: Primitive, __: Seen) -> Mapping[str, Extent]:
    found = number(each.params.get("top_k"), 5)
    return {"docs": Extent(found, found * PASSAGE_TOKENS)}


def _decode(_: Extents, each: Primitive, seen: Seen) -> Mapping[str, Extent]:
    tokens = reply_tokens(each, seen)
    said = Extent(1.0, tokens)
    messages = Extent(2.0, tokens + (seen.tokens_in or 0.0))
    return {"text": said, "value": said, "message": said, "items": Extent(_listed(each), tokens),
            "messages": messages, "tool_calls": Extent(1.0, tokens)}  # fmt: skip


def _answer(_: Extents, __: Primitive, ___: Seen) -> Mapping[str, Extent]:
    said = Extent(1.0, RESPONSE_TOKENS)
    return {"text": said, "body": said, "value": said}


def _written(known: Extents, each: Primitive, _: Seen) -> Mapping[str, Extent]:
    text = known.of(each.params.get("template"))
    return {"text": text, "doc": text}


def _same(known: Extents, each: Primitive, seen: Seen) -> Mapping[str, Extent]:
    """What a structure goes over, or an output is: what it was given."""
    items = known.of(each.params.get("items"))
    if seen.count is not None and items.rows:
        items = Extent(seen.count, items.tokens, items.inner)
    return {
        "items": items,
        "start": known.of(each.params.get("start")),
        "value": known.of(each.params.get("value")),
        "messages": known.of(each.params.get("lists")),
    }


_GIVES: Mapping[str, _Gives] = MappingProxyType(
    {
        "chunk": _chunk, "embed": _embed, "search": _search, "rerank": _best, "merge_top_k": _best,
        "web_search": _web_search, "decode": _decode, "http": _answer, "tool": _answer,
        "format": _written, "select": _same, "aggregate": _same, "open": _same,
    }
)  # fmt: skip
