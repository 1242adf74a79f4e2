"""Primitives that need no engine, made for the step at a place."""

from collections.abc import Mapping
from typing import TypeAlias

from planner.graph import Primitive, PrimitiveId
from planner.library import Library
from planner.place import Place
from spec.values import ObjectOf, Value

Fields: TypeAlias = Mapping[str, Value]


def computed(op: str, id: PrimitiveId, params: Fields, place: Place, library: Library) -> Primitive:
    """Return a primitive that needs no engine, for the step at `place`."""
    if place.origin is None:
        raise ValueError(f"{id} stands in no step")
    return Primitive(
        id=id,
        op=op,
        pool=library.pools.default["inline"],
        params=params,
        after=frozenset(),
        call=None,
        priority=place.priority,
        step=place.step,
        origin=place.origin,
        region=place.region,
    )


def barrier_of(place: Place, ends: frozenset[PrimitiveId], library: Library) -> Primitive:
    """Return what waits for the `ends` of the step at `place`, and is no part of that."""
    nowhere = Place(origin=place.origin, priority=place.priority, region=place.region)
    made = computed("barrier", PrimitiveId(f"{place.path}:over"), {}, nowhere, library)
    return made.ordered(made.after, ends)


def as_object(fields: Fields) -> Value:
    """Return fields as one value."""
    return ObjectOf(tuple(fields.items()))
