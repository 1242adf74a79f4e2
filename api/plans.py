"""Plans that are kept, so that what was planned once is not planned again.

A plan is a pure function of few things, and its key is these and no more. It does not depend on the
inputs of a run: how long a list is, which branch is taken and how large a text is are opened while
a run goes on, so there is one plan for all of them. Nor does it depend on priorities. What engines
are like is the service's own, and stays as long as it does, but for two things: their costs, known
by the number of their snapshot, and how busy they are, of which it matters who is saturated.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from planner.graph import PoolName
from planner.passes.choice import NO_CHOICE, Choice
from planner.plan import Plan
from spec.model import Document
from spec.records import record

#: What a plan holds for each primitive, measured by `make bench-planning`.
PRIMITIVE_BYTES = 4_096


@record
class Terms:
    """What a plan is made by that is not said on its page: the passes that a request chooses, and
    the pools that are `saturated`, to which no pass adds work.
    """

    request: Choice = NO_CHOICE
    saturated: frozenset[PoolName] = frozenset()


#: Of whoever asks for nothing, in a service that is idle.
NO_TERMS = Terms()


@record
class PlanKey:
    """What decides how a plan comes out.

    `content` is the hash of the workflow, `layout` where on its page steps stand, which failures
    point at; `edition` is that of the tenant's modules, `flows` the versions of the workflows that
    it runs, `passes` those that are on, `snapshot` the number of the costs that they weigh by,
    `saturated` the pools that they leave alone.
    """

    tenant: str
    edition: int
    content: str
    layout: tuple[str | int, ...]
    flows: tuple[tuple[str, str], ...]
    passes: frozenset[str]
    snapshot: int = 0
    saturated: frozenset[PoolName] = frozenset()


def layout_of(document: Document) -> tuple[str | int, ...]:
    """Return where a document says what primitives are made of; two texts may say the same."""
    return (document.origin.source, *_places(document))


def _places(document: Document) -> Iterator[int]:
    origins = [step.origin for step in document.steps]
    for origin in (*origins, *(output.origin for output in document.outputs)):
        yield origin.line
        yield origin.column


@dataclass(frozen=True, slots=True)
class _Kept:
    plan: Plan
    size: int


class Plans:
    """At most `count_max` plans of `bytes_max` together; those longest unused go first.

    Any thread may ask. `hits` and `misses` count what was asked for.
    """

    def __init__(self, count_max: int, bytes_max: int) -> None:
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._kept: OrderedDict[PlanKey, _Kept] = OrderedDict()
        self._changing = threading.Lock()
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: PlanKey) -> bool:
        return key in self._kept

    def recall(self, key: PlanKey) -> Plan | None:
        """Return the plan that was kept under `key`, and count whether there was one."""
        with self._changing:
            kept = self._kept.get(key)
            if kept is None:
                self.misses += 1
                return None
            self.hits += 1
            self._kept.move_to_end(key)
            return kept.plan

    def keep(self, key: PlanKey, plan: Plan, page_bytes: int) -> None:
        """Keep a plan of a page of `page_bytes`, unless it is too large for all the room."""
        size = page_bytes + PRIMITIVE_BYTES * len(plan.graph.primitives)
        with self._changing:
            self._let_go(key)
            if size > self._bytes_max:
                return
            while len(self._kept) >= self._count_max or self.bytes + size > self._bytes_max:
                self._let_go(next(iter(self._kept)))
            self._kept[key] = _Kept(plan, size)
            self.bytes += size

    def _let_go(self, key: PlanKey) -> None:
        kept = self._kept.pop(key, None)
        self.bytes -= kept.size if kept else 0
