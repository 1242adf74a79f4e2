"""An engine pool as its operator set it up: what kind, which replicas, which policy and limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from executors.engines.engine import Engine, EngineTraits
from executors.errors import BadPool
from executors.scheduler.policies.table import POLICIES
from executors.scheduler.pool import Limits
from executors.scheduler.pool import Pool as Queue
from planner.costs import Costs
from planner.graph import PoolName
from planner.pools import BLOCK_TOKENS, PoolFacts

#: The operation that the `costs` of a pool of a kind are of.
OP_MEASURED: Mapping[str, str] = MappingProxyType(
    {"llm": "decode", "embedding": "embed", "rerank": "rerank"}
)


@dataclass(frozen=True, slots=True)
class Pool:
    """Replicas of one engine behind one queue.

    `batch_rows` is how many rows a batch may hold, `queue_max` how many tasks may wait before new
    runs are refused, `costs` what its engine takes, where that has been measured, `block_tokens`
    how its cache of prefixes is cut. Raises `BadPool` on an unknown policy or limits the engine
    cannot keep.
    """

    name: PoolName
    kind: str
    policy: str
    replicas: Sequence[Engine]
    batch_rows: int
    queue_max: int
    costs: Costs | None = None
    block_tokens: int = BLOCK_TOKENS

    def __post_init__(self) -> None:
        traits = self.traits
        if self.policy not in POLICIES:
            raise BadPool(self.name, f"no policy '{self.policy}'; there are {sorted(POLICIES)}")
        if traits.kind != self.kind:
            raise BadPool(self.name, f"engine '{traits.name}' is {traits.kind}, not {self.kind}")
        if not 1 <= self.batch_rows <= traits.batch_rows_max:
            raise BadPool(self.name, f"batch_rows must be 1 to {traits.batch_rows_max}")

    @property
    def traits(self) -> EngineTraits:
        """Facts that hold for every replica."""
        return self.replicas[0].traits

    @property
    def slots(self) -> int:
        """How many batches all replicas run at a time."""
        return len(self.replicas) * self.traits.slots

    @property
    def facts(self) -> PoolFacts:
        """What a planner may rely on."""
        traits = self.traits
        return PoolFacts(
            deterministic=traits.deterministic and traits.batch_invariant,
            streams=traits.streams,
            pointwise=traits.pointwise,
            warms="partial_prefill" in traits.ops,
            replicas=len(self.replicas),
            rows_max=self.batch_rows,
            slots=traits.slots,
            costs={} if self.costs is None else {OP_MEASURED[self.kind]: self.costs},
            block_tokens=self.block_tokens,
        )

    def queue(self) -> Queue:
        """Return a fresh queue for this pool."""
        limits = Limits(len(self.replicas), self.traits.slots, self.batch_rows, self.queue_max)
        return Queue(self.name, limits, POLICIES[self.policy], self.costs, self.block_tokens)
