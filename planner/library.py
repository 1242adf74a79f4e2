"""What a plan was made from: the documents it opens, and the pools it may name.

A plan keeps hold of it, because parts of it are opened only while it runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from planner.draft import Watch, unwatched
from planner.order import in_order
from planner.passes.names import DEFAULT, NONE
from planner.pools import Pools
from planner.waits import needs
from spec.model import Document, Step


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """How many primitives a plan, or what is opened of it at a time, may have, and how many times
    they may read anything.
    """

    primitives_max: int = 2_000
    reads_max: int = 20_000


@dataclass(frozen=True, slots=True)
class Library:
    """Modules by name and flows by name and version, as they were when the plan was made.

    `passes` are those that are on, for the plan and for what of it is opened in a run; `watch` is
    shown what each of them makes.
    """

    modules: Mapping[str, Document]
    flows: Mapping[tuple[str, str], Document]
    pools: Pools
    passes: frozenset[str] = DEFAULT
    limits: PlanLimits = PlanLimits()
    watch: Watch = field(default=unwatched, repr=False, compare=False)
    orders: dict[int, tuple[Step, ...]] = field(default_factory=dict, repr=False, compare=False)

    def plain(self) -> "Library":
        """Return this library for plans that no pass rewrites."""
        return replace(self, passes=NONE)

    def in_order(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Return the steps of one map, each after those it needs; worked out once for each map."""
        key = id(steps)  # its document is kept here, so the id stays its own
        if key not in self.orders:
            by_id = {step.id: step for step in steps}
            order = in_order({step.id: needs(step, self.modules) & by_id.keys() for step in steps})
            self.orders[key] = tuple(by_id[id] for id in order)
        return self.orders[key]
