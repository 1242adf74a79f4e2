"""Opens work that is done in pieces: what each piece is made of, and how they are joined.

A piece does all that the whole did, on some of its rows; joined, pieces give what the whole would,
to the byte. What fits into one piece is opened as it was before it was cut.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal as OneOf

from planner.graph import Output, Primitive, PrimitiveId
from planner.library import Library
from planner.structure import Child, Delta, Pair, Shape, Structure
from planner.unit import units_of
from spec.records import record
from spec.values import ListOf, Literal, Slice, Value


@record
class Staging:
    """How an operation is done in pieces of input `cut`, which is of the `first` if there is one.

    Its own inputs `alike` are cut as that is. In `handed` a piece reads what the piece of `first`
    gave under that name. Pieces of `port` are joined in the order of their rows, or by score; or
    each goes `into` what the one before gave, and the last gives the whole.
    """

    first: str | None
    cut: str
    alike: tuple[str, ...]
    port: str
    join: OneOf["order", "score", "into"]
    handed: str = ""


#: By the operation whose pieces are joined.
STAGINGS: Mapping[str, Staging] = MappingProxyType(
    {
        "ingest": Staging("embed", "texts", ("chunks",), "index", "into", "vectors"),
        "search": Staging("embed", "texts", ("queries",), "docs", "order", "vectors"),
        "rerank": Staging(None, "docs", ("docs",), "docs", "score"),
    }
)


def cut_of(first: Primitive | None, second: Primitive) -> Value:
    """Return what is cut into rows."""
    return (first or second).params[STAGINGS[second.op].cut]


def open_piece(structure: Structure, child: Child, shape: Shape, library: Library) -> Delta:
    """Return what the piece with the number of `child` is made of; the whole, if that is all."""
    pair, index = structure.pair, child.index
    pieces = pair.sizing.of(shape.count)
    if pieces.number == 1:
        return _delta(pair.first, pair.second)
    rows = pieces.rows(index)
    first = _first(pair, index, rows)
    second = _second(pair, index, rows, first)
    over = PrimitiveId(f"{second.id}:over")
    exit = _computed("close", replace(second, id=over), {}, library)
    return replace(_delta(first, second, replace(exit, after=frozenset({second.id}))), exit=over)


def join_pieces(structure: Structure, shape: Shape, library: Library) -> Delta:
    """Return what gives, under the name of the whole, all that it would have given."""
    second, staging = structure.pair.second, STAGINGS[structure.pair.second.op]
    number = structure.pair.sizing.of(shape.count).number
    given = tuple(Output(_named(second, index), staging.port) for index in range(number))
    if staging.join == "into":
        return _delta(_computed("alias", second, {"of": given[-1]}, library))
    params: dict[str, Value] = {"lists": ListOf(given), "by": Literal(staging.join)}
    if staging.join == "score":
        params["top_k"] = second.params["top_k"]
    return _delta(_computed("join", second, params, library))


def _first(pair: Pair, index: int, rows: range) -> Primitive | None:
    if pair.first is None:
        return None
    port = STAGINGS[pair.second.op].cut
    params = {**pair.first.params, port: _part(pair.first.params[port], rows)}
    return replace(pair.first, id=_named(pair.first, index), params=params)


def _second(pair: Pair, index: int, rows: range, first: Primitive | None) -> Primitive:
    staging, whole = STAGINGS[pair.second.op], pair.second
    params = dict(whole.params)
    for port in staging.alike:
        params[port] = _part(params[port], rows)
    if first is not None:
        params[staging.handed] = Output(first.id, staging.handed)
    if staging.join == "into" and index:
        params["into"] = Output(_named(whole, index - 1), staging.port)
    return replace(whole, id=_named(whole, index), params=params)


def _part(value: Value, rows: range) -> Value:
    """Return some rows of a value; what is known to be nothing stays that."""
    bounds = (Literal(rows.start), Literal(rows.stop))
    return value if value == Literal(None) else Slice(value, *bounds)


def _named(whole: Primitive, index: int) -> PrimitiveId:
    return PrimitiveId(f"{whole.id}[{index}]")


def _computed(
    op: str, where: Primitive, params: Mapping[str, Value], library: Library
) -> Primitive:
    """Return what stands where a piece or the whole does, and needs no engine."""
    pool, none = library.pools.default["inline"], frozenset[PrimitiveId]()
    return replace(where, op=op, pool=pool, params=params, after=none, waits=none)


def _delta(*made: Primitive | None) -> Delta:
    primitives = tuple(each for each in made if each is not None)
    return Delta(primitives, tuple(units_of(primitives).values()))
