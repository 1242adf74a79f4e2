"""How often conditions are met, learned from each that becomes known.

Of the conditions of one plan of one tenant each has a Beta distribution of its own, which begins as
Beta(1, 1); those of the elements of a list share one.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeAlias

from planner.graph import PrimitiveId
from planner.sizes import pattern

#: Conditions that are remembered. Of more, the one that became known longest ago goes.
CHANCES_MAX = 10_000

_Key: TypeAlias = tuple[str, str, str]


@dataclass(slots=True)
class Chances:
    """
    >>> chances = Chances()
    >>> chances.of("local", "plan", "s:branch")
    0.5
    >>> for truth in (True, True, False):
    ...     chances.learn("local", "plan", "s:branch", truth)
    >>> chances.of("local", "plan", "s:branch")
    0.6
    """

    known: OrderedDict[_Key, tuple[int, int]] = field(default_factory=OrderedDict)

    def learn(self, tenant: str, plan: str, opening: PrimitiveId, truth: bool) -> None:
        """Note whether the condition at `opening` was met in a run of `plan`, by fingerprint."""
        key = (tenant, plan, pattern(opening))
        met, asked = self.known.get(key, (0, 0))
        self.known[key] = (met + truth, asked + 1)
        self.known.move_to_end(key)
        if len(self.known) > CHANCES_MAX:
            self.known.popitem(last=False)

    def of(self, tenant: str, plan: str, opening: PrimitiveId) -> float:
        """Return how likely the condition at `opening` is met."""
        met, asked = self.known.get((tenant, plan, pattern(opening)), (0, 0))
        return (met + 1) / (asked + 2)
