"""Opens work that is done in pieces: what each piece is made of, and how they are joined.

A piece does all that the whole did, on some of its rows; joined, pieces give what the whole would,
to the byte. What fits into one piece is opened as it was before it was cut.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal as OneOf

from planner.graph import Output, Primitive, PrimitiveId, RegionId
from planner.library import Library
from planner.primitives import OPS
from planner.structure import Child, Delta, Region, Shape, Structure
from planner.unit import units_of
from spec.records import record
from spec.values import ListOf, Literal, Slice, Value


@record
class Staging:
    """How an operation is done in pieces of what it takes row by row, or of what `first` does, if
    there is one.

    In `handed` a piece reads what the piece of `first` gave under that name. Pieces of `port` are
    joined in the order of their rows, or by score; or each goes `into` what the one before gave,
    and the last gives the whole.
    """

    first: str | None
    port: str
    join: OneOf["order", "score", "into"]
    handed: str = ""


#: By the operation whose pieces are joined.
STAGINGS: Mapping[str, Staging] = MappingProxyType(
    {
        "ingest": Staging("embed", "index", "into", "vectors"),
        "search": Staging("embed", "docs", "order", "vectors"),
        "rerank": Staging(None, "docs", "score"),
        "embed": Staging(None, "vectors", "order"),
    }
)


def cut_of(first: Primitive | None, second: Primitive) -> Value:
    """Return what is cut into rows."""
    begins = first or second
    (port,) = OPS[begins.op].each
    return begins.params[port]


def open_piece(structure: Structure, child: Child, shape: Shape, library: Library) -> Delta:
    """Return what the piece with the number of `child` is made of; the whole, if that is all.

    Of a list that is still said a piece may fail alone: the list may come to be another one.
    """
    pair, index = structure.pair, child.index
    if structure.is_whole(shape.count):
        return _delta(pair.first, pair.second)
    rows = pair.sizing.of(shape.count).rows(index)
    first = _first(structure, index, rows)
    second = _second(structure, index, rows, first)
    if structure.source is not None:
        return _apart(structure, first, second, library)
    over = PrimitiveId(f"{second.id}:over")
    exit = _computed("close", replace(second, id=over), {}, library)
    return replace(_delta(first, second, replace(exit, after=frozenset({second.id}))), exit=over)


def join_pieces(structure: Structure, shape: Shape, library: Library) -> Delta:
    """Return what gives, under the name of the whole, all that it would have given."""
    second, staging = structure.pair.second, STAGINGS[structure.pair.second.op]
    number = structure.pair.sizing.of(shape.count).number
    given = tuple(_given(structure, _named(second, index)) for index in range(number))
    if staging.join == "into":
        return _delta(_computed("alias", second, {"of": given[-1]}, library))
    params: dict[str, Value] = {
        "lists": ListOf(given),
        "by": Literal(staging.join),
        "port": Literal(staging.port),
    }
    if staging.join == "score":
        params["top_k"] = second.params["top_k"]
    return _delta(_computed("join", second, params, library))


def _apart(
    structure: Structure, first: Primitive | None, second: Primitive, library: Library
) -> Delta:
    """Return a piece as a region of its own, of which only what it gives is left at its end."""
    region = RegionId(second.id)
    first = replace(first, region=region) if first is not None else None
    second = replace(second, region=region)
    over = PrimitiveId(f"{second.id}:over")
    given = {"value": Output(second.id, STAGINGS[second.op].port)}
    exit = _computed("close", replace(second, id=over), given, library)
    regions = (Region(region, structure.region, over),)
    return replace(_delta(first, second, exit), regions=regions, exit=over)


def _given(structure: Structure, piece: PrimitiveId) -> Output:
    """Return where what a piece gave is read."""
    if structure.source is not None:
        return Output(PrimitiveId(f"{piece}:over"), "value")
    return Output(piece, STAGINGS[structure.pair.second.op].port)


def _first(structure: Structure, index: int, rows: range) -> Primitive | None:
    first = structure.pair.first
    if first is None:
        return None
    params = {**first.params, **_parts(structure, first, rows)}
    return replace(first, id=_named(first, index), params=params)


def _second(structure: Structure, index: int, rows: range, first: Primitive | None) -> Primitive:
    whole = structure.pair.second
    staging = STAGINGS[whole.op]
    params = {**whole.params, **_parts(structure, whole, rows)}
    if first is not None:
        params[staging.handed] = Output(first.id, staging.handed)
    if staging.join == "into" and index:
        params["into"] = Output(_named(whole, index - 1), staging.port)
    return replace(whole, id=_named(whole, index), params=params)


def _parts(structure: Structure, whole: Primitive, rows: range) -> Mapping[str, Value]:
    """Return some rows of what is taken row by row; what is known to be nothing stays that.

    A list that is still said is read of the opening, which gives as much of it as is there.
    """
    bounds = (Literal(rows.start), Literal(rows.stop))
    said = Output(structure.opening, "items") if structure.source is not None else None
    return {
        port: Slice(said or whole.params[port], *bounds)
        for port in OPS[whole.op].each
        if whole.params[port] != Literal(None)
    }


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
