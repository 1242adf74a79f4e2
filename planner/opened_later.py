"""What of a draft is read by parts that only a run opens, and by what stands in for others."""

from collections.abc import Iterator, Mapping

from planner.draft import Draft
from planner.graph import Output, PrimitiveId
from planner.structure import Body
from spec.values import Value, leaves


def read_later(draft: Draft) -> frozenset[PrimitiveId]:
    """Return what could be read by what is not there yet: all that a name may stand for.

    Fields of steps are shared by all that stand beside them, and are looked at once.
    """
    known = {
        id(fields): fields
        for each in draft.structures
        if isinstance(each.inside, Body)
        for fields in _named(each.inside)
    }
    values = [value for fields in known.values() for value in fields.values()]
    later = frozenset(
        leaf.primitive for value in values for leaf in leaves(value) if isinstance(leaf, Output)
    )
    instead = (each.instead for each in draft.regions if each.instead is not None)
    return later.union(*({output.primitive for output in each.reads()} for each in instead))


def _named(body: Body) -> Iterator[Mapping[str, Value]]:
    yield body.scope.inputs
    yield body.scope.elements
    yield from body.scope.steps.values()
    if body.refused is not None:
        yield {"else": body.refused}
