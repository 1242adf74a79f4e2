"""Pools of engines, as they are at this moment."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.house import Here, House
from api.openapi import problems
from api.principal import Asker
from executors.runner import PoolState
from executors.store.errors import Unknown

router = APIRouter(prefix="/engines", tags=["engines"])


class TraitsOut(BaseModel):
    """Facts about an engine that the scheduler relies on."""

    ops: list[str]
    streams: bool
    deterministic: bool
    batch_invariant: bool


class LimitsOut(BaseModel):
    """What bounds a pool."""

    batch_rows: int
    batch_rows_max: int
    queue_max: int


class PoolOut(BaseModel):
    """One pool: its engine, and what it is doing now."""

    name: str
    kind: str
    policy: str
    engine: str
    model: str
    replicas: int
    default: bool = Field(description="Used by steps that name no engine.")
    state: Literal["not started", "ready"] = Field(
        description="Engines start when their first batch comes."
    )
    slots: int
    busy: int
    waiting: int
    limits: LimitsOut
    traits: TraitsOut

    @staticmethod
    def of(state: PoolState, house: House) -> "PoolOut":
        """Write `state`."""
        pool, traits = state.pool, state.traits
        return PoolOut(
            name=pool.name,
            kind=pool.kind,
            policy=pool.policy,
            engine=traits.name,
            model=traits.model,
            replicas=len(pool.replicas),
            default=house.library.pools.default[pool.kind] == pool.name,
            state="ready" if state.started else "not started",
            slots=len(pool.replicas) * traits.slots,
            busy=state.batches,
            waiting=state.waiting,
            limits=LimitsOut(
                batch_rows=pool.batch_rows,
                batch_rows_max=traits.batch_rows_max,
                queue_max=pool.queue_max,
            ),
            traits=TraitsOut(
                ops=sorted(traits.ops),
                streams=traits.streams,
                deterministic=traits.deterministic,
                batch_invariant=traits.batch_invariant,
            ),
        )


class PoolsOut(BaseModel):
    """Every pool of the service."""

    items: list[PoolOut]


@router.get("", summary="List pools of engines", responses=problems())
async def list_(asker: Asker, house: Here) -> PoolsOut:  # noqa: ARG001  # every route asks
    """Return every pool with its engine, limits, queue and busy slots."""
    return PoolsOut(items=[PoolOut.of(state, house) for state in house.runner.pools()])


@router.get("/{name}", summary="Read a pool", responses=problems("not-found"))
async def get(name: str, asker: Asker, house: Here) -> PoolOut:  # noqa: ARG001  # every route asks
    """Return one pool."""
    for state in house.runner.pools():
        if state.pool.name == name:
            return PoolOut.of(state, house)
    raise Unknown("pool", name)
