"""How far from the start of a run something is known: a count of work, where nobody has measured.

The distance of a primitive is the most work on any way to it, itself included: one for each request
to an engine, none for what is computed in place. What is opened in the run counts as one more.
"""

from collections.abc import Iterable, Mapping

from planner.draft import Draft
from planner.graph import Primitive, PrimitiveId
from planner.primitives import BEGINNINGS, OPS

#: What takes no time in which a request would pay: what is done in place, cutting texts included.
_AT_ONCE = frozenset(op.name for op in OPS.values() if op.continues or op.kind == "inline")


def distances(draft: Draft) -> Mapping[PrimitiveId, int]:
    """Return the distance of every primitive, and of what is outside and known `later`.

    What else is outside was there when the draft was opened. A call leaves as one, so the head of
    one is as far as all that the whole of it waits for.
    """
    whole = {each.id: set(each.waits_for()) for each in draft.primitives}
    for primitive in draft.primitives:
        if primitive.call is not None:
            whole[primitive.call] |= whole[primitive.id] - {primitive.call}
    known: dict[PrimitiveId, int] = dict.fromkeys(draft.later, 1)
    by_id = draft.by_id()
    for id, waits in whole.items():
        if all(each in known or each not in by_id for each in waits):  # as in most drafts
            known[id] = _measured(by_id[id], waits, known)
        else:
            _measure(id, whole, by_id, known)
    return known


def _measured(
    primitive: Primitive, waits: Iterable[PrimitiveId], known: Mapping[PrimitiveId, int]
) -> int:
    return max((known.get(each, 0) for each in waits), default=0) + _work(primitive)


def _measure(
    first: PrimitiveId,
    waits: Mapping[PrimitiveId, Iterable[PrimitiveId]],
    by_id: Mapping[PrimitiveId, Primitive],
    known: dict[PrimitiveId, int],
) -> None:
    """Find the distance of `first` and of all before it; a path may be longer than a stack."""
    left = [first]
    while left:
        id = left[-1]
        if id in known:
            left.pop()
            continue
        missing = [each for each in waits[id] if each not in known and each in by_id]
        if missing:
            left += missing
            continue
        known[id] = _measured(by_id[id], waits[id], known)
        left.pop()


def _work(primitive: Primitive) -> int:
    if primitive.op in BEGINNINGS:
        return 1  # the whole call
    return int(primitive.pending or primitive.op not in _AT_ONCE)
