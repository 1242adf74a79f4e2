"""What is estimated of one lone run after another, by one who starts out wrong and learns."""

from dataclasses import astuple
from random import Random

from planner.costs import BatchCosts, Costs, LanguageCosts
from planner.estimate import Estimator
from planner.plan import Plan
from tests.estimates.forecast import HELD_AGAINST, Forecast
from tests.estimates.service import VirtualService, asked


def forecasts(name: str, runs: int, factor: float, seed: int = 1) -> tuple[Forecast, Forecast]:
    """Return what was estimated of an example at first, with costs off by `factor`, and what after
    `runs` more; each is held against the runs after it.
    """
    random = Random(seed)
    service = VirtualService(lambda costs: off_by(costs, factor, random))
    plan = service.plan(name)
    first = _forecast(service, plan, name, random, "a", 1)
    for number in range(runs - 1):
        service.run(plan, asked(name, random), f"b{number}")
    return first, _forecast(service, plan, name, random, "c", HELD_AGAINST)


def _forecast(
    service: VirtualService, plan: Plan, name: str, random: Random, label: str, runs: int
) -> Forecast:
    sizes = service.observer.sizes("local", plan)
    pools = service.observer.current(service.pools)
    estimated = Estimator(pools, sizes).of(plan).critical_ms
    took, bounds = [], []
    for number in range(runs):
        took.append(service.run(plan, asked(name, random), f"{label}{number}"))
        bounds.append(service.bound_ms(plan))
    return Forecast(estimated, tuple(took), tuple(bounds))


def off_by(costs: Costs, factor: float, random: Random) -> Costs:
    """Return `costs` with every figure off by `factor`, up or down."""
    if isinstance(costs, LanguageCosts):
        return LanguageCosts(*(each * factor ** random.choice((-1, 1)) for each in astuple(costs)))
    fixed, row = (each * factor ** random.choice((-1, 1)) for each in astuple(costs)[:2])
    return BatchCosts(fixed, row)
