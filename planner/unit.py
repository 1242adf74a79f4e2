"""What leaves together: a primitive alone, or all of one call."""

from collections.abc import Iterable

from planner.graph import PoolName, Primitive, PrimitiveId, RegionId
from planner.primitives import OPS
from spec.records import record


@record
class Unit:
    """What leaves together as one engine request: a primitive, or a whole call.

    `leader` is the first member; `waits` are the primitives outside that must be done before. One
    that is `computed` needs no engine; a `pending` one waits, besides, for being made. One that
    `warms` another is a hint for it.
    """

    leader: PrimitiveId
    members: tuple[PrimitiveId, ...]
    pool: PoolName
    priority: int
    waits: frozenset[PrimitiveId]
    region: RegionId | None = None
    computed: bool = False
    pending: bool = False
    warms: PrimitiveId | None = None


def units_of(primitives: Iterable[Primitive]) -> dict[PrimitiveId, Unit]:
    """Return what leaves together, by leader."""
    members: dict[PrimitiveId, list[Primitive]] = {}
    for primitive in primitives:
        members.setdefault(primitive.call or primitive.id, []).append(primitive)
    return {leader: _unit(leader, inside) for leader, inside in members.items()}


def _unit(leader: PrimitiveId, inside: list[Primitive]) -> Unit:
    waits = inside[0].waits_for()
    if len(inside) > 1:
        inside = sorted(
            inside, key=lambda primitive: primitive.call is not None
        )  # the leader first
        waits = frozenset[PrimitiveId]().union(*(primitive.waits_for() for primitive in inside))
        waits -= {primitive.id for primitive in inside}
    head = inside[0]
    return Unit(
        leader=leader,
        members=tuple([primitive.id for primitive in inside]),
        pool=head.pool,
        priority=inside[-1].priority,
        waits=waits,
        region=head.region,
        computed=OPS[head.op].computed,
        pending=head.pending,
        warms=head.warms,
    )
