"""Pools of engines, as they are at this moment."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.house import Here, House
from api.openapi import problems
from api.principal import Asker
from executors.engines.engine import Condition
from executors.runner import PoolState
from executors.store.errors import Unknown
from planner.costs import BatchCosts, Costs, LanguageCosts
from planner.graph import PoolName

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


class LoadOut(BaseModel):
    """What a server says of itself: how full it is now, and counts of tokens since it began."""

    running: int
    waiting: int
    kv_used: float = Field(description="The share of its room for keys and values, 0 to 1.")
    tokens_in: int
    tokens_out: int
    prefix_tokens: int = Field(description="Tokens looked up in its cache of prefixes.")
    prefix_tokens_cached: int = Field(description="Those of them that were found there.")


class ServerOut(BaseModel):
    """A server that a replica has started and keeps up."""

    state: Literal["not started", "starting", "ready"]
    trouble: str = Field(description="Why it was not up the last time that it was not.")
    restarts: int
    load: LoadOut | None = Field(description="Null where it could not be asked.")


class LanguageCostsOut(BaseModel):
    """What a language model takes, in ms: a prompt of `n` tokens, fixed + token·n + square·n²; a
    step of `b` sequences that hold `K` tokens, fixed + sequence·b + token·K.
    """

    prefill_fixed_ms: float
    prefill_token_ms: float
    prefill_square_ms: float
    decode_fixed_ms: float
    decode_sequence_ms: float
    decode_token_ms: float


class BatchCostsOut(BaseModel):
    """What a batch of `b` rows takes, in ms: fixed + row·b."""

    fixed_ms: float
    row_ms: float
    row_tokens: int = Field(description="Tokens of a row that was measured.")


class ProfileOut(BaseModel):
    """What one operation of a pool takes, as it was last made known."""

    op: str
    costs: LanguageCostsOut | BatchCostsOut
    source: Literal["default", "configured", "refined"] = Field(
        description="Assumed of any engine, given in engines.yaml, or learned from what batches "
        "took. It is made known anew when a figure has moved by more than a tenth."
    )
    version: int = Field(description="How often it was made known anew.")
    observed: int = Field(description="Batches, prompts and replies it was refined by.")


class PoolOut(BaseModel):
    """One pool: its engine, and what it is doing now."""

    name: str
    kind: str
    policy: str
    engine: str
    model: str
    replicas: int
    default: bool = Field(description="Used by steps that name no engine.")
    state: Literal["not started", "starting", "ready"] = Field(
        description="Ready if one replica is. Servers of our own start at once, other engines when "
        "their first batch comes."
    )
    slots: int
    busy: int
    waiting: int
    utilisation: float = Field(
        description="The share of its slots that is in use, 0 to 1: a mean over about ten seconds."
    )
    saturated: bool = Field(description="Passes add no work to it in runs that come now.")
    limits: LimitsOut
    traits: TraitsOut
    servers: list[ServerOut] = Field(description="One for each replica that starts its own.")
    costs: LanguageCostsOut | BatchCostsOut | None = Field(
        description="What engines.yaml says that its engine takes; null where it says nothing."
    )
    profiles: list[ProfileOut] = Field(description="What plans are estimated by, by operation.")

    @staticmethod
    async def of(state: PoolState, house: House) -> "PoolOut":
        """Write `state`, and ask the servers for theirs."""
        pool, traits = state.pool, state.traits
        servers = await house.runner.conditions(pool)
        return PoolOut(
            name=pool.name,
            kind=pool.kind,
            policy=pool.policy,
            engine=traits.name,
            model=traits.model,
            replicas=len(pool.replicas),
            default=house.library.pools.default[pool.kind] == pool.name,
            state=_state(state, servers),
            slots=pool.slots,
            busy=state.batches,
            waiting=state.waiting,
            utilisation=round(state.utilisation, 3),
            saturated=state.saturated,
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
            servers=[ServerOut.model_validate(each, from_attributes=True) for each in servers],
            costs=None if pool.costs is None else _costs(pool.costs),
            profiles=list(_profiles(house, pool.name)),
        )


def _profiles(house: House, pool: PoolName) -> Iterator[ProfileOut]:
    for op, profile in house.runner.observer.profiles(pool).items():
        yield ProfileOut(
            op=op,
            costs=_costs(profile.costs),
            source=profile.source,
            version=profile.version,
            observed=profile.observed,
        )


def _costs(costs: Costs) -> LanguageCostsOut | BatchCostsOut:
    match costs:
        case LanguageCosts():
            return LanguageCostsOut(**asdict(costs))
        case BatchCosts():
            return BatchCostsOut(**asdict(costs))


def _state(
    state: PoolState, servers: Sequence[Condition]
) -> Literal["not started", "starting", "ready"]:
    """Return the best that can be said of any replica."""
    if not servers:
        return "ready" if state.started else "not started"
    found = {each.state for each in servers}
    return "ready" if "ready" in found else "starting" if "starting" in found else "not started"


class PoolsOut(BaseModel):
    """Every pool of the service."""

    items: list[PoolOut]


@router.get("", summary="List pools of engines", responses=problems())
async def list_(asker: Asker, house: Here) -> PoolsOut:  # noqa: ARG001  # every route asks
    """Return every pool with its engine, limits, queue and busy slots."""
    states = house.runner.pools()
    return PoolsOut(items=await asyncio.gather(*(PoolOut.of(state, house) for state in states)))


@router.get("/{name}", summary="Read a pool", responses=problems("not-found"))
async def get(name: str, asker: Asker, house: Here) -> PoolOut:  # noqa: ARG001  # every route asks
    """Return one pool."""
    for state in house.runner.pools():
        if state.pool.name == name:
            return await PoolOut.of(state, house)
    raise Unknown("pool", name)
