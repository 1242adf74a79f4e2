"""What of a plan is known only while it runs: parts that are opened one by one, as they are needed.

A structure begins with a primitive that computes what it depends on (`opening`: a condition, a
list) and ends with one that gives its fields (`closing`). What is between is made by
`planner.unfold`, a pure function, and arrives as a `Delta`. A region is what may fail alone.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from planner.graph import PoolName, Primitive, PrimitiveId, RegionId
from planner.mould import Mould
from planner.pieces import Sizing
from planner.place import Place
from planner.scope import Scope
from planner.unit import Unit
from spec.model import Step
from spec.records import record
from spec.values import Leaf, Value

Kind: TypeAlias = Literal["branch", "memo", "for_each", "fold", "reduce", "loop", "stages"]
#: A field of a closing, to the outputs of the workflow that show its text as it comes.
Feeds: TypeAlias = Mapping[tuple[PrimitiveId, str], tuple[str, ...]]

#: Elements that are open at the same time, where the author says nothing.
WINDOW = 256
#: Elements of a fold that are open at the same time: each waits for the one before by what it reads
#: of it, so what it does not read from there is done, or put together, ahead.
FOLD_WINDOW = 8
#: Elements of one list that a step goes over.
ELEMENTS_MAX = 10_000


@record
class Rows(Leaf):
    """What each of `count` elements gave, as a list; `path` is that of their step."""

    path: str
    count: int


@record
class Region:
    """One execution of a body, or one element of several. Its fields are the value of `exit`.

    Up to `retry` faults that may pass are tried again inside it, for `timeout_ms` at most from when
    `start` is done. What then fails takes the region with it: `instead` stands in for its fields,
    and where there is none, what it is `within` fails too.
    """

    id: RegionId
    within: RegionId | None
    exit: PrimitiveId
    retry: int = 0
    timeout_ms: int | None = None
    start: PrimitiveId | None = None
    instead: Primitive | None = field(default=None, repr=False)


@record
class Body:
    """What a structure opens: a step, and what its names stand for where it is.

    Of a branch, `inner` says what is opened when its condition holds, and `refused` are the fields
    when it does not.
    """

    step: Step
    scope: Scope
    place: Place
    inner: Literal["over", "attempts"] = "attempts"
    refused: Value | None = None


@record
class Ahead:
    """What speaks for opening a branch before its condition is known, once `gate` is done.

    As much as `saved_ms` is won where the condition comes to be met, and `work_ms` of each pool's
    engines is lost where it does not.
    """

    gate: PrimitiveId
    saved_ms: float
    work_ms: Mapping[PoolName, float]


@record
class Pair:
    """What a structure of stages opens: pieces of `first`, each of which goes on to `second`.

    Without a `first` the second alone is cut. What both were before they were cut.
    """

    first: Primitive | None
    second: Primitive
    sizing: Sizing


@record
class Structure:
    """What opens at run time: at most `width` children at once, in `region`.

    `inside` is the step that its children are of, or what is done in pieces. `source` is the decode
    whose items it goes over, where each may be begun with as soon as it is closed, a piece by
    itself; if it `stops`, nothing else of that reply is read, and its rest is not waited for.
    `later` is what they read from outside that may not be known yet when they are opened. A branch
    that may be opened `ahead` of its condition says so. `mould` is a cache: elements of a list are
    alike.
    """

    opening: PrimitiveId
    closing: PrimitiveId
    kind: Kind
    region: RegionId | None
    width: int
    fields: tuple[str, ...]
    inside: Body | Pair = field(repr=False)
    source: PrimitiveId | None = None
    stops: bool = False
    later: frozenset[PrimitiveId] = frozenset()
    ahead: Ahead | None = None
    mould: "Mould[Delta]" = field(default_factory=Mould, compare=False, repr=False)

    @property
    def region_ahead(self) -> RegionId:
        """Return the region of what of a branch is opened before its condition is known."""
        return RegionId(f"{self.opening}:ahead")

    @property
    def body(self) -> Body:
        """Return the step that its children are of."""
        if isinstance(self.inside, Pair):
            raise TypeError(f"{self.opening} opens no step")
        return self.inside

    @property
    def pair(self) -> Pair:
        """Return what is done in pieces."""
        if not isinstance(self.inside, Pair):
            raise TypeError(f"{self.opening} opens a step")
        return self.inside

    def is_whole(self, count: int) -> bool:
        """Whether `count` rows are done as if nothing were cut. Of what is begun with while it
        comes, only nothing is: the first item does not know whether it is the last.
        """
        if self.source is not None:
            return count == 0
        return self.pair.sizing.of(count).number == 1


@record
class Shape:
    """What is known once an opening is done, or a round is over: never a value itself.

    Whether a condition, or `until`, is true, or a result is remembered (`truth`); the `count` of a
    list, or the most rounds; the `fan_in` of a tree.
    """

    truth: bool = True
    count: int = 0
    fan_in: int = 0


@record
class Child:
    """One part of a structure: an element, a round, a group of a tree's `level`, a branch."""

    index: int = 0
    level: int = 0


#: A branch that is opened before its condition is known, as if it were met.
AHEAD = Child(-1)


@record
class Delta:
    """What is added to a plan while it runs. A primitive that is there already is replaced.

    `units` are what of it leaves together. `exit` is the primitive at which a child is over; none
    where the closing itself was made.
    """

    primitives: tuple[Primitive, ...]
    units: tuple[Unit, ...]
    structures: tuple[Structure, ...] = ()
    regions: tuple[Region, ...] = ()
    exit: PrimitiveId | None = None
    streams: Mapping[PrimitiveId, tuple[str, ...]] = field(default_factory=dict)
    feeds: Feeds = field(default_factory=dict)
