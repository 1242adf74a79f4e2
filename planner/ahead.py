"""What calls gain by hints, which read the beginnings of their prompts ahead.

A hint reads from when it is ready until the call that it is for begins: what there was time for is
known to the engine then, in whole blocks of its cache, one of which is held back. It is sent only
where that pays (`executors.scheduler.hints` decides by the same rule, but by configured costs: one
that gains less than a request costs is sent to an engine of which they only were learned, and
counts for nothing here). An engine that speaks meanwhile is slowed down by as much as is read, and
in a run that is alone somebody waits for it: so what is read while the pool is busy is gained only
as far as it is read by other replicas, which is `(R-1)/R` of it where work is spread over R.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import TypeAlias

from planner.costs import LanguageCosts
from planner.draft import Draft
from planner.extents import Extents
from planner.graph import PoolName, Primitive, PrimitiveId
from planner.pools import PoolFacts, Pools
from planner.prompt_parts import READ, parts_of
from spec.records import record

#: Blocks of an engine's cache below which nothing is read ahead: the last whole one is held back.
BLOCKS_MIN = 2
#: Milliseconds that a request costs by itself, its way to the engine and back.
REQUEST_MS = 10.0


@record
class Hint:
    """The first `tokens` of a prompt, read in `pool` once `waits` are done.

    Where each of several elements has its own, `share` of them are late enough to gain by it.
    """

    pool: PoolName
    tokens: float
    waits: frozenset[PrimitiveId]
    share: float = 1.0


#: For which part of the time between two moments, in ms, a pool has other work.
Busy: TypeAlias = Callable[[float, float], float]


def by_warmed(draft: Draft) -> Mapping[PrimitiveId, Sequence[Primitive]]:
    """Return the hints of a draft by what they are for."""
    found: dict[PrimitiveId, list[Primitive]] = {}
    for each in draft.primitives:
        if each.warms is not None:
            found.setdefault(each.warms, []).append(each)
    return found


def hints_of(draft: Draft, extents: Extents, pools: Pools) -> Mapping[PrimitiveId, Hint]:
    """Return the hints of a draft by id, where engines can do what they ask for.

    All that they read was noted in `extents` before.
    """
    return {
        each.id: Hint(each.pool, _tokens(each, extents), each.waits_for())
        for each in draft.primitives
        if each.warms is not None and pools.fact(each.pool).warms
    }


def begins_with(head: Primitive, hint: Primitive) -> bool:
    """Whether the call that begins with `head` begins as `hint` says.

    A hint for what a structure opens names no call, but says how one of them begins.
    """
    if head.pool != hint.pool:
        return False
    parts = parts_of(hint.params)
    return parts_of(head.params)[: len(parts)] == parts


def read_ahead(
    hint: Hint, facts: PoolFacts, ready_ms: float, wanted_ms: float, busy: Busy
) -> float:
    """Return how many tokens a call gains by a hint that is `ready_ms` after the beginning.

    >>> from planner.graph import PoolName
    >>> costs = LanguageCosts(8.0, 0.1, 0.0, 17.0, 0.05, 0.0)
    >>> one, two = (PoolFacts(replicas=n, costs={"decode": costs}, block_tokens=16) for n in (1, 2))
    >>> hint = Hint(PoolName("llm"), 500.0, frozenset())
    >>> idle, speaks = (lambda *_: 0.0), (lambda *_: 1.0)
    >>> read_ahead(hint, one, 0.0, 1000.0, idle), read_ahead(hint, one, 0.0, 28.0, idle)
    (480.0, 192.0)
    >>> read_ahead(hint, one, 0.0, 1000.0, speaks), read_ahead(hint, two, 0.0, 1000.0, speaks)
    (0.0, 240.0)
    """
    costs = facts.cost("decode")
    if not isinstance(costs, LanguageCosts) or ready_ms >= wanted_ms:
        return 0.0
    in_time = min(_kept(hint.tokens, facts), _whole(costs.read_in(wanted_ms - ready_ms), facts))
    taken = busy(ready_ms, ready_ms + costs.prefill_ms(in_time))
    if in_time <= 0 or not _pays(hint.tokens, facts, taken > 0):
        return 0.0
    return in_time * hint.share * (1.0 - taken / facts.replicas)


def at_any_time(hint: Hint, facts: PoolFacts) -> float:
    """Return what a call gains whose beginning is known long before, while the pool speaks."""
    return read_ahead(hint, facts, 0.0, inf, lambda *_: 1.0)


def _tokens(hint: Primitive, extents: Extents) -> float:
    return sum(extents.of(hint.params.get(port)).tokens for port in READ)


def _pays(tokens: float, facts: PoolFacts, busy: bool) -> bool:
    """Whether a hint is sent at all; where nobody has said what an engine takes, one is."""
    if tokens < BLOCKS_MIN * facts.block_tokens:
        return False
    costs = facts.costs.get("decode")
    if not isinstance(costs, LanguageCosts):
        return True
    overhead_ms = REQUEST_MS + (costs.prefill_fixed_ms if busy else 0.0)
    return costs.prefill_token_ms * tokens > overhead_ms


def _whole(tokens: float, facts: PoolFacts) -> float:
    size = max(1, facts.block_tokens)
    return tokens if tokens == inf else tokens // size * size


def _kept(tokens: float, facts: PoolFacts) -> float:
    return max(0.0, _whole(tokens, facts) - facts.block_tokens)
