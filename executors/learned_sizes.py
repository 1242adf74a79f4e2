"""How large what runs of a plan ask for has been: running means by primitive, fed by events.

Elements of a list count as one primitive, so what is kept of a plan grows with its page alone.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from types import MappingProxyType

from executors.scheduler.commands import PrimitiveFinished, Speculated, Unfold
from executors.scheduler.events import RunId
from planner.costs import COUNTED
from planner.plan import Plan
from planner.sizes import Seen, Sizes, pattern
from planner.structure import Child

#: Plans that something is kept of: those that ran last.
PLANS_MAX = 1_000
#: A mean is over about so many values, the latest.
MEMORY = 20

_FIRST = Child()


@dataclass(slots=True)
class _Means:
    """Running means by name, each of as many values as came for it."""

    means: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        count = self.counts[name] = self.counts.get(name, 0) + 1
        mean = self.means.get(name, 0.0)
        self.means[name] = mean + (value - mean) / min(count, MEMORY)

    def seen(self) -> Seen:
        return Seen(times=max(self.counts.values(), default=0), **self.means)


@dataclass(slots=True)
class LearnedSizes:
    """What was seen in runs, by their tenant and the fingerprint of their plan."""

    _plans: OrderedDict[tuple[str, str], dict[str, _Means]] = field(default_factory=OrderedDict)
    _runs: dict[RunId, dict[str, _Means]] = field(default_factory=dict)
    _longest: dict[RunId, dict[str, int]] = field(default_factory=dict)

    def of(self, tenant: str, plan: Plan) -> Sizes:
        """Return what was seen in runs of `plan` of one tenant, as it is now."""
        found = self._plans.get((tenant, plan.fingerprint), {})
        seen = {name: means.seen() for name, means in found.items()}
        return Sizes(seen=MappingProxyType(seen))

    def begin(self, run: RunId, tenant: str, plan: Plan) -> None:
        """A run of `plan` was accepted."""
        key = (tenant, plan.fingerprint)
        means = self._plans.setdefault(key, {})
        self._plans.move_to_end(key)
        if len(self._plans) > PLANS_MAX:
            self._plans.popitem(last=False)
        self._runs[run] = means

    def end(self, run: RunId) -> None:
        """A run is over."""
        means = self._runs.pop(run, {})
        for name, tokens in self._longest.pop(run, {}).items():
            means[name].add("tokens_longest", tokens)

    def finished(self, done: PrimitiveFinished, rows: int) -> None:
        """A primitive is done: `rows` of work, where it has rows, or the tokens of a call. Engines
        of other kinds may count tokens too; what they take goes by rows.
        """
        if not (done.usage.tokens_in or done.op in COUNTED):
            return
        means = self._means(done.run, done.primitive)
        if means is None:
            return
        if done.op in COUNTED:
            means.add("rows", rows)
            return
        means.add("tokens_in", done.usage.tokens_in)
        means.add("tokens_cached", done.usage.tokens_cached)
        means.add("tokens_out", done.usage.tokens_out)
        longest, name = self._longest.setdefault(done.run, {}), pattern(done.primitive)
        longest[name] = max(longest.get(name, 0), done.usage.tokens_out)

    def opened(self, order: Unfold) -> None:
        """A part of a structure is opened: at its beginning and its end its shape is known."""
        if order.child is not None and order.child != _FIRST:
            return
        means = self._means(order.run, order.opening)
        if means is None:
            return
        if order.child is None:
            means.add("count", order.shape.count or order.over)
        else:
            means.add("truth", order.shape.truth)

    def decided(self, told: Speculated) -> None:
        """It is known what becomes of a branch that was opened ahead; one that is dropped is opened
        once more, as what it gives then.
        """
        means = self._means(told.run, told.opening)
        if means is not None and told.kept:
            means.add("truth", True)

    def _means(self, run: RunId, id: str) -> _Means | None:
        found = self._runs.get(run)
        return found.setdefault(pattern(id), _Means()) if found is not None else None
