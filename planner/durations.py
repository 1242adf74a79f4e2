"""What a demand takes, in ms: in a run that is alone, at best, and of an engine's time.

Each is a `Price`: what the head of a call takes, its prompt, and what the rest of it takes, its
reply. All other units have no head.
"""

from collections.abc import Callable
from math import ceil
from typing import TypeAlias

from planner.costs import BatchCosts, LanguageCosts
from planner.demand import Demand
from planner.pools import PoolFacts
from spec.records import record

#: What a demand takes of a pool, of which `copies` come at the same time: a call's prompt and its
#: reply; nothing and all for anything else.
Price: TypeAlias = Callable[[Demand, PoolFacts, float], tuple[float, float]]


@record
class Outlook:
    """How things are taken to go: what demands take by `price`, and whether all is `at_best`, so
    that nothing waits and whatever may overlap does.
    """

    price: Price
    at_best: bool


def lone(demand: Demand, facts: PoolFacts, copies: float) -> tuple[float, float]:
    """Return what the last of `copies` waits for when nothing else is in the pool."""
    costs = facts.cost(demand.op)
    if isinstance(costs, LanguageCosts):
        return _calls(demand, facts, costs, copies)
    return 0.0, _batches(demand, facts, costs, copies)


def best(demand: Demand, facts: PoolFacts, _copies: float) -> tuple[float, float]:
    """Return the least that a demand takes with every engine of the pool for itself.

    A prompt costs nothing as far as it can be cached.
    """
    costs = facts.cost(demand.op)
    if isinstance(costs, LanguageCosts):
        known = max(demand.tokens_cached, demand.lead, demand.ahead)
        cached = min(demand.tokens_in, known)
        held = demand.tokens_in + demand.tokens_out / 2
        steps = max(0.0, demand.tokens_out - 1)
        prefill = costs.prefill_ms(demand.tokens_in, cached)
        return prefill, steps * costs.step_ms(1, held)
    apart = facts.replicas * facts.slots if demand.cut else 1
    return 0.0, costs.batch_ms(demand.rows / apart)


def work(demand: Demand, facts: PoolFacts, copies: float) -> tuple[float, float]:
    """Return what a demand takes of an engine's time at the best batch, of which there may be no
    more than `copies` in one.

    Reading and speaking may share a step; then the longer of both is what they take at least.
    """
    costs, most = facts.cost(demand.op), max(1.0, min(copies, facts.slots))
    if isinstance(costs, LanguageCosts):
        cached = min(demand.tokens_in, max(demand.tokens_cached, demand.lead))
        held = demand.tokens_in + demand.tokens_out / 2
        read = costs.prefill_ms(demand.tokens_in, cached) - costs.prefill_fixed_ms
        said = max(0.0, demand.tokens_out - 1) * costs.step_ms(most, most * held) / most
        return (read, 0.0) if read > said else (0.0, said)
    tasks = 1.0 if demand.cut else min(copies, facts.rows_max)
    rows = max(1.0, min(demand.rows * copies, facts.rows_max)) if demand.cut else demand.rows
    fixed = costs.fixed_ms * (demand.rows / rows if demand.cut else 1.0 / max(1.0, tasks))
    return 0.0, (fixed + costs.row_ms * demand.rows) / facts.slots


def _calls(
    demand: Demand, facts: PoolFacts, costs: LanguageCosts, copies: float
) -> tuple[float, float]:
    """Calls that come together are read one after another, and speak together, ever fewer of them,
    until the longest reply is said.
    """
    together = max(1.0, copies / facts.replicas)
    waves = max(1.0, together / facts.slots)
    together = min(together, facts.slots)
    cached = min(demand.tokens_in, max(demand.tokens_cached, demand.ahead))
    own = costs.prefill_ms(demand.tokens_in, cached) - costs.prefill_fixed_ms
    said = max(0.0, demand.tokens_out - 1)
    steps = max(said, demand.tokens_longest - 1) if copies > 1 else said
    speaking = together * said / steps if steps else together
    held = speaking * (demand.tokens_in + demand.tokens_out / 2)
    read = costs.prefill_fixed_ms + together * own
    return waves * read, waves * steps * costs.step_ms(speaking, held)


def _batches(demand: Demand, facts: PoolFacts, costs: BatchCosts, copies: float) -> float:
    """The first tasks leave alone, one in each slot; what comes meanwhile leaves together."""
    servers = facts.replicas * facts.slots
    if copies <= servers:
        return _queue(demand, facts, costs, 1.0, max(1.0, servers // copies))
    first = _queue(demand, facts, costs, 1.0, 1.0)
    return first + _queue(demand, facts, costs, copies - servers, servers)


def _queue(
    demand: Demand, facts: PoolFacts, costs: BatchCosts, tasks: float, servers: float
) -> float:
    """Return what `tasks` that wait together take."""
    rows = tasks * demand.rows
    room = facts.rows_max if demand.cut else facts.rows_max * demand.rows
    batches = ceil(rows / room)
    if batches <= servers:
        return costs.batch_ms(min(rows, room))
    return costs.fixed_ms * ceil(batches / servers) + costs.row_ms * rows / servers


#: A run that is alone, and the best that could ever be.
LONE, BEST = Outlook(lone, at_best=False), Outlook(best, at_best=True)
