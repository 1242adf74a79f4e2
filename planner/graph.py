"""The graph of primitives: frozen nodes, declared edges, no progress.

A `Graph` is a value. Whoever rewrites one makes another.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import NewType

from spec.model import Origin
from spec.records import record
from spec.values import Leaf, Literal, Value, leaves

PrimitiveId = NewType("PrimitiveId", str)
PoolName = NewType("PoolName", str)
RegionId = NewType("RegionId", str)


@record
class Output(Leaf):
    """What one port of a primitive gives."""

    primitive: PrimitiveId
    port: str


@record
class RunInput(Leaf):
    """One input of the run."""

    id: str


@record
class Secret(Leaf):
    """A secret by its name; what it says is known to the engine alone that uses it."""

    name: str


@record
class Primitive:
    """One typed operation. `params` say what goes in; `after` is the author's order without data,
    `waits` that of modules one after another, which carries nothing and may be pruned.

    `call` joins primitives that are one engine request: a decode names its prefill. `step` and
    `origin` are the author's, however deep in modules the primitive was made. `region` is the
    innermost that fails with it. A `pending` one only holds the place of what is made in the run.
    One that `warms` a call, or the calls of what an opening opens, is a hint: it reads the
    beginning of a prompt ahead, nobody waits for it, and no answer depends on it.
    """

    id: PrimitiveId
    op: str
    pool: PoolName
    params: Mapping[str, Value]
    after: frozenset[PrimitiveId]
    call: PrimitiveId | None
    priority: int
    step: str | None
    origin: Origin
    region: RegionId | None = None
    pending: bool = False
    waits: frozenset[PrimitiveId] = frozenset()
    warms: PrimitiveId | None = None
    _reads: frozenset[Output] | None = field(default=None, init=False, repr=False, compare=False)
    _before: frozenset[PrimitiveId] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def reads(self) -> frozenset[Output]:
        """Return the ports this primitive reads, its own call's included."""
        if self._reads is None:
            reads = _outputs(self.params.values())
            object.__setattr__(self, "_reads", reads)
            return reads
        return self._reads

    def waits_for(self) -> frozenset[PrimitiveId]:
        """Return every primitive that must be done before this one starts."""
        if self._before is None:
            before = self.after.union(self.waits, [output.primitive for output in self.reads()])
            object.__setattr__(self, "_before", before)
            return before
        return self._before

    def ordered(self, after: frozenset[PrimitiveId], waits: frozenset[PrimitiveId]) -> "Primitive":
        """Return this one in another order: `replace`, but that what it reads is still known."""
        made = Primitive(
            self.id, self.op, self.pool, self.params, after, self.call, self.priority, self.step,
            self.origin, self.region, self.pending, waits, self.warms,
        )  # fmt: skip
        object.__setattr__(made, "_reads", self._reads)
        return made


def _outputs(values: Iterable[Value]) -> frozenset[Output]:
    """Return the ports that `values` read; most values are one, or plain data."""
    found: list[Output] = []
    for value in values:
        kind = type(value)
        if kind is Output:
            found.append(value)  # type: ignore[arg-type]  # its type was just looked at
        elif kind is not Literal:
            found += [leaf for leaf in leaves(value) if isinstance(leaf, Output)]
    return frozenset(found)


@record
class Graph:
    """Primitives by id, in an order the author would recognise: that of the file, opened up."""

    primitives: Mapping[PrimitiveId, Primitive]

    @staticmethod
    def of(primitives: Iterable[Primitive]) -> "Graph":
        """Freeze `primitives`; the last of two with one id is kept."""
        return Graph(MappingProxyType({primitive.id: primitive for primitive in primitives}))

    def __iter__(self) -> Iterator[Primitive]:
        return iter(self.primitives.values())

    def __getitem__(self, id: PrimitiveId) -> Primitive:
        return self.primitives[id]
