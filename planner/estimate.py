"""How long a run takes that is alone, primitive by primitive, before it is run.

A graph is gone through once, in an order in which each primitive comes after what it waits for: so
it is known when something begins, and by that what was there before it.

>>> from planner.pools import Pools
>>> Estimator(Pools({}, {})).pools.facts
mappingproxy({})
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from planner.ahead import at_any_time, read_ahead
from planner.critical_path import critical_path, topological
from planner.draft import Draft
from planner.durations import LONE, Outlook
from planner.graph import PoolName, PrimitiveId
from planner.library import Library
from planner.occupied import Occupied
from planner.outline import Nested, Outline, Part, outline
from planner.overlap import Reply
from planner.plan import Plan
from planner.pools import Pools
from planner.sizes import Sizes
from planner.work import work_of
from spec.records import record

_NOTHING: Mapping[PrimitiveId, float] = MappingProxyType({})


@record
class Estimate:
    """What a graph takes. Times are in ms, `remaining_s` in seconds.

    `ms` has all primitives; the end of a structure takes what is left of its children when all that
    it waits for is done, and `inside` is one of them, of a tree one of each level. `path` is the
    longest way, `critical_ms` its length, `remaining_s` the longest way from the beginning of a
    primitive to the end, and `ends_ms` says when each is done. `work_ms` is what is taken of each
    pool's engines at their best batches.
    """

    ms: Mapping[PrimitiveId, float]
    path: tuple[PrimitiveId, ...]
    critical_ms: float
    work_ms: Mapping[PoolName, float]
    remaining_s: Mapping[PrimitiveId, float]
    ends_ms: Mapping[PrimitiveId, float]
    inside: Mapping[PrimitiveId, tuple["Estimate", ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates by what the engines of `pools` take, and by `sizes` that are known or assumed."""

    pools: Pools
    sizes: Sizes = field(default_factory=Sizes)

    def of(self, graph: Plan | Draft, library: Library | None = None) -> Estimate:
        """Return what a plan takes, or a draft with the `library` that it was opened from."""
        if library is None:
            if not isinstance(graph, Plan):
                raise TypeError("a draft does not say what it was opened from")
            library = graph.library
        return priced(outline(graph, library, self.sizes), self.pools, LONE)


def priced(
    shape: Outline,
    pools: Pools,
    outlook: Outlook,
    copies: float = 1.0,
    apart: float = 1.0,
    known: Mapping[PrimitiveId, float] = _NOTHING,
) -> Estimate:
    """Return what an outline takes by `outlook`, `copies` of it at the same time.

    Of what lags no more than `apart` come together. `known` are tokens that hints outside it have
    read, by the hint.
    """
    return _Walk(shape, pools, outlook, copies, apart, known).estimate()


@dataclass(slots=True)
class _Walk:
    """One way through an outline. `busy` is kept for pools that read ahead, where hints are."""

    shape: Outline
    pools: Pools
    outlook: Outlook
    copies: float
    apart: float
    known: Mapping[PrimitiveId, float]
    waits: Mapping[PrimitiveId, frozenset[PrimitiveId]] = field(init=False)
    ms: dict[PrimitiveId, float] = field(init=False)
    ends: dict[PrimitiveId, float] = field(default_factory=dict)
    inside: dict[PrimitiveId, tuple[Estimate, ...]] = field(default_factory=dict)
    busy: dict[PoolName, Occupied] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ms = dict.fromkeys(self.shape.waits, 0.0)
        self.waits = dict(self.shape.waits)
        if not self.outlook.at_best:  # a bound lets a structure end before what is read inside it
            for closing, nested in self.shape.nested.items():
                self.waits[closing] |= {id for id in nested.reads if id in self.ms}

    def estimate(self) -> Estimate:
        """Go through all of it."""
        for id in topological(self.waits, self.waits):
            begins = self._end(self.waits[id])
            if id in self.shape.demands:
                self._ask(id, begins)
            elif id in self.shape.nested:
                self._open(id, begins)
            self.ends[id] = begins + self.ms[id]
        path = critical_path(self.ms, self.waits)
        return Estimate(
            ms=self.ms,
            path=path.nodes,
            critical_ms=path.ms,
            work_ms=work_of(self.shape, self.pools),
            remaining_s=path.remaining_s,
            ends_ms=self.ends,
            inside=self.inside,
        )

    def _end(self, ids: Iterable[PrimitiveId]) -> float:
        """Return when all of `ids` are done; what is outside was done before."""
        return max((self.ends.get(id, 0.0) for id in ids), default=0.0)

    def _ask(self, leader: PrimitiveId, begins: float) -> None:
        demand = self.shape.demands[leader]
        if leader in self.shape.begun:
            hints = self.shape.begun[leader]
            ahead = max(self._ahead(id, begins, leader in self.shape.lagging) for id in hints)
            demand = replace(demand, ahead=ahead)
        together = self.apart if leader in self.shape.lagging else self.copies
        head, rest = self.outlook.price(demand, self.pools.fact(demand.pool), together)
        self.ms[leader] += head
        self.ms[self.shape.lasts.get(leader, leader)] += rest
        self._occupy(demand.pool, begins, begins + head + rest)

    def _ahead(self, id: PrimitiveId, wanted: float, lagging: bool = False) -> float:
        """Return how many tokens hint `id` gains for what is `wanted` then."""
        if id not in self.shape.hints:
            return self.known.get(id, 0.0)
        hint = self.shape.hints[id]
        if self.outlook.at_best:
            return hint.tokens
        facts = self.pools.fact(hint.pool)
        if lagging and id not in self.shape.lagging:
            return at_any_time(hint, facts)
        busy = self.busy.setdefault(hint.pool, Occupied())
        return read_ahead(hint, facts, self._end(hint.waits), wanted, busy.share)

    def _occupy(self, pool: PoolName, begins: float, ends: float) -> None:
        if self.shape.hints:
            self.busy.setdefault(pool, Occupied()).add(begins, ends)

    def _open(self, closing: PrimitiveId, begins: float) -> None:
        """Note what is left of a structure when all that it waits for is done."""
        nested = self.shape.nested[closing]
        opened = self.ends.get(nested.opening, begins)
        reply = self._reply(nested)
        first = opened - (reply.before_end_ms(1) if reply is not None else 0.0)
        hints = self.shape.begun.get(nested.opening, ())
        known = {id: self._ahead(id, first) for id in hints}
        ones = [self._one(nested, part, part.count, known) for part in nested.parts]
        all_ms = left_ms = sum(map(_all_ms, [nested] * len(ones), nested.parts, ones))
        if reply is not None:
            left_ms, ones = self._left(nested, reply, all_ms, ones[0], known)
        ends = [opened + nested.share * left_ms]
        for id in self.waits[closing] & nested.reads:
            ends.append(self.ends[id] + all_ms - _before(id, nested, ones))
        self.ms[closing] = max(0.0, max(ends) - begins)
        self.inside[closing] = tuple(ones)
        for pool in {pool for one in ones for pool in one.work_ms}:
            self._occupy(pool, first, max(ends))

    def _reply(self, nested: Nested) -> Reply | None:
        """Return the reply whose items a structure goes over while it is said, if it does."""
        source = nested.source
        if source is None:
            return None
        rest_ms, ends = self.ms[source.decode], self.ends[source.decode]
        late_ms = self._end(source.gates | nested.reads) - (ends - rest_ms)
        return Reply(nested.parts[0].count, rest_ms, late_ms)

    def _one(
        self, nested: Nested, part: Part, count: float, known: Mapping[PrimitiveId, float]
    ) -> Estimate:
        """Return what a child takes of which `count` are under way at once, as far as they may."""
        apart = max(1.0, self.copies * nested.share)
        together = max(1.0, self.copies * nested.share * min(count, nested.width))
        return priced(part.child, self.pools, self.outlook, together, apart, known)

    def _left(
        self,
        nested: Nested,
        reply: Reply,
        all_ms: float,
        one: Estimate,
        known: Mapping[PrimitiveId, float],
    ) -> tuple[float, list[Estimate]]:
        """Return what is left of elements when the `reply` is over, and what one of them takes.

        Among those it meets, that is; `one` is what it takes among all.
        """
        (part,) = nested.parts
        if self.outlook.at_best:  # the whole list may come with the first token
            return max(0.0, all_ms - reply.rest_ms), [one]
        if nested.in_turn:
            two_ms = _all_ms(nested, replace(part, count=2), one)
            return reply.left_in_turn_ms(all_ms, two_ms), [one]
        # Calls that share engines with the reply slow it down by as much as they meet each other
        # less, so nothing is won by that.
        if nested.source is not None and nested.source.pool not in one.work_ms:
            one = self._one(nested, part, 1.0, known)
            met = reply.met(one.critical_ms, nested.width)
            one = self._one(nested, part, met, known) if met > 1.0 else one
        return reply.left_at_once_ms(all_ms, one.critical_ms, nested.width), [one]


def _all_ms(nested: Nested, part: Part, one: Estimate) -> float:
    """Return what all children of one part take: as many rounds as there are widths of them.

    Where each follows from the one before, what lags is done once for each, and all else ahead.
    """
    rounds_ms = max(1.0, part.count / nested.width) * one.critical_ms
    if not nested.in_turn:
        return rounds_ms
    lagging = [one.remaining_s[id] for id in part.child.lagging if id in one.remaining_s]
    each_ms = 1000 * max(lagging, default=0.0)
    return max(rounds_ms, one.critical_ms + (part.count - 1) * each_ms)


def _before(id: PrimitiveId, nested: Nested, ones: Sequence[Estimate]) -> float:
    """Return what a child does before it needs `id`, which is outside."""
    found = []
    for part, one in zip(nested.parts, ones, strict=True):
        left = [one.remaining_s[reader] for reader in part.child.outside.get(id, ())]
        if left:
            found.append(one.critical_ms - 1000 * max(left))
    return min(found, default=0.0)
