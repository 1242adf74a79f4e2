"""The shape of a `reduce`: consecutive groups, level by level, until one is left."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tree:
    """`count` leaves in groups of `fan_in`, which is at least 2. Level 0 groups the leaves.

    >>> tree = Tree(count=7, fan_in=3)
    >>> tree.levels, [tree.members(0, group) for group in range(tree.groups(0))]
    (2, [range(0, 3), range(3, 6), range(6, 7)])
    """

    count: int
    fan_in: int

    @property
    def levels(self) -> int:
        """Return how many levels of groups there are above the leaves."""
        levels, width = 0, self.count
        while width > 1:
            width = -(-width // self.fan_in)
            levels += 1
        return levels

    def groups(self, level: int) -> int:
        """Return how many groups `level` has."""
        width = self.count
        for _ in range(level + 1):
            width = -(-width // self.fan_in)
        return width

    def members(self, level: int, index: int) -> range:
        """Return which of the level below, or of the leaves, group `index` of `level` has."""
        below = self.count if level == 0 else self.groups(level - 1)
        start = index * self.fan_in
        return range(start, min(start + self.fan_in, below))
