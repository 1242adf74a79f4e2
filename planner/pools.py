"""The pools that a plan may name, and what passes may rely on of the engines behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from planner.costs import Costs, default_of
from planner.graph import PoolName
from spec.records import record

#: Tokens of a block of an engine's cache of prefixes, where nobody says: more than most have.
BLOCK_TOKENS = 32


@record
class PoolFacts:
    """What the engines of one pool are like; what is not known is not relied on.

    `deterministic`: equal requests give equal outputs, whatever else is in the batch. `streams`:
    text comes as it is said. `warms`: the beginning of a prompt can be read before its end is
    known. `pointwise`: each row is scored for itself. `rows_max`: rows that a batch may hold.
    `slots`: batches that a replica runs at a time. `costs`: by operation, configured or refined.
    `block_tokens`: tokens of a block of its cache of prefixes, of which it keeps whole ones.
    """

    deterministic: bool = False
    streams: bool = False
    warms: bool = False
    pointwise: bool = False
    replicas: int = 1
    rows_max: int = 1
    slots: int = 1
    costs: Mapping[str, Costs] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    block_tokens: int = BLOCK_TOKENS

    def cost(self, op: str) -> Costs:
        """Return what `op` takes here; what is assumed where that is not known."""
        return self.costs.get(op) or default_of(op)


_UNKNOWN = PoolFacts()


@dataclass(frozen=True, slots=True)
class Pools:
    """The kind of each pool, the one used where a step names none, and what engines are like.

    To those `saturated` no pass adds work; `planner.load` says which are.
    """

    kinds: Mapping[PoolName, str]
    default: Mapping[str, PoolName]
    facts: Mapping[PoolName, PoolFacts] = field(default_factory=lambda: MappingProxyType({}))
    saturated: frozenset[PoolName] = frozenset()

    def of(self, kind: str, engine: str | None) -> PoolName:
        """Return the pool for work of `kind`.

        A step's `engine` speaks for the work of its kind; the rest goes where it always goes.
        """
        if engine is not None and self.kinds.get(PoolName(engine)) == kind:
            return PoolName(engine)
        return self.default[kind]

    def fact(self, pool: PoolName) -> PoolFacts:
        """Return what is known of the engines of `pool`."""
        return self.facts.get(pool, _UNKNOWN)
