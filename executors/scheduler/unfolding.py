"""How far one structure of a run is opened: which children may be opened now, and when it is over.

Knows no values: a list is its length, a tree its shape, a round whether it was the last.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from executors.scheduler.progress import stretch
from planner.graph import PrimitiveId
from planner.pieces import Pieces
from planner.structure import Child, Shape, Structure
from planner.tree import Tree

#: Kinds of which the one child is the end.
_ENDING_AT_ONCE = ("branch", "memo")

#: Elements of a list are opened once there is room for this part of its width. What is done for
#: several one after the other costs less than what is done for one between all else.
STRIDES_A_WIDTH = 32


@dataclass(slots=True)
class Unfolding:
    """One structure from the moment its opening was done, or the first item of its list was closed.

    While it is `growing` more items may come, and `shape` counts those there are. `ready` are the
    children that may be opened as soon as there is room, `live` those that are open, `over` counts
    those that have ended; of what is done in pieces, their rows.
    """

    structure: Structure
    shape: Shape
    ready: deque[Child] = field(default_factory=deque)
    live: int = 0
    over: int = 0
    next: int = 0  #: element, round or piece that follows
    arrived: dict[tuple[int, int], int] = field(default_factory=dict)  #: members of each group
    root: bool = False  #: whether the whole of a tree is known
    last: Shape | None = None  #: of the round that ended last
    told: int = 0  #: stretches of a list
    growing: bool = False
    ended: list[PrimitiveId] = field(default_factory=list)  #: exits of children, while growing

    def __post_init__(self) -> None:
        if self.structure.kind in _ENDING_AT_ONCE:
            self.ready.append(Child())
        elif self.structure.kind == "reduce":
            self._plant()

    @property
    def ends_at_once(self) -> bool:
        """Whether its one child is its end: so it is of pieces where there is but the whole."""
        if self.structure.kind == "stages":
            return not self.growing and self.structure.is_whole(self.shape.count)
        return self.structure.kind in _ENDING_AT_ONCE

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left to be opened or to end."""
        if self.live or self.ready or self.growing:
            return False
        match self.structure.kind:
            case "reduce":
                return self.root
            case "loop":
                stopped = self.last is not None and self.last.truth
                return stopped or self.over == self.shape.count
            case "branch" | "memo":
                return False  # what is opened is its end
            case _:
                return self.over == self.shape.count

    @property
    def ending(self) -> Shape:
        """What its end is to know of it: of a loop, whether the last round was to be the last."""
        return self.last if self.structure.kind == "loop" and self.last else self.shape

    def grow(self, count: int) -> None:
        """Note that `count` items of a list are there."""
        self.shape = Shape(count=count)

    def complete(self, shape: Shape) -> None:
        """Note that the whole list is there."""
        self.shape, self.growing = shape, False
        self.ended.clear()

    def open_more(self) -> Iterator[Child]:
        """Yield the children that may be opened now; they count as open from here on."""
        if self.structure.kind == "for_each":
            room, left = self.structure.width - self.live, self._count() - self.next
            if room < min(self.structure.width // STRIDES_A_WIDTH, left):
                return
        while self.live < self.structure.width and (child := self._next()) is not None:
            self.live += 1
            yield child

    def end(self, child: Child, shape: Shape) -> None:
        """Note that `child` is over; `shape` says of a round whether it was the last."""
        self.live -= 1
        of = self.structure.kind
        self.over += len(self._pieces().rows(child.index)) if of == "stages" else 1
        self.last = shape
        if self.structure.kind == "reduce":
            self._arrive(child.level, child.index)

    def moved_on(self) -> bool:
        """Whether another stretch of a list is over since this was last asked."""
        if self.structure.kind not in ("for_each", "fold", "stages") or self.growing:
            return False
        over = stretch(self.over, self.shape.count)
        moved, self.told = over > self.told, over
        return moved

    def _next(self) -> Child | None:
        if self.structure.kind in (*_ENDING_AT_ONCE, "reduce"):
            return self.ready.popleft() if self.ready else None
        if self.structure.kind == "loop" and self.last is not None and self.last.truth:
            return None
        if self.next >= self._count():
            return None
        self.next += 1
        return Child(self.next - 1)

    def _count(self) -> int:
        """Return how many elements, rounds or pieces may be begun with.

        The last element of a fold is opened as such, so the last item there is has to wait until
        another one comes, or none.
        """
        if self.structure.kind == "stages":
            return self._pieces().number
        lagging = self.growing and self.structure.kind == "fold"
        return self.shape.count - lagging

    def _plant(self) -> None:
        tree = self._tree()
        self.root = tree.levels == 0
        for group in range(tree.groups(0) if tree.levels else 0):
            self._grow(0, group)

    def _grow(self, level: int, group: int) -> None:
        """Take in a group all of whose members are known. One that is alone goes up unchanged."""
        if len(self._tree().members(level, group)) > 1:
            self.ready.append(Child(group, level))
        else:
            self._arrive(level, group)

    def _arrive(self, level: int, index: int) -> None:
        tree = self._tree()
        if level == tree.levels - 1:
            self.root = True
            return
        above = (level + 1, index // tree.fan_in)
        self.arrived[above] = self.arrived.get(above, 0) + 1
        if self.arrived[above] == len(tree.members(*above)):
            del self.arrived[above]
            self._grow(*above)

    def _pieces(self) -> Pieces:
        return self.structure.pair.sizing.of(self.shape.count)

    def _tree(self) -> Tree:
        return Tree(self.shape.count, self.shape.fan_in)
