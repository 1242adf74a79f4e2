"""Searches that ask several things at once, which no module that ships does."""

from copy import deepcopy
from random import Random

from spec.values import JSON
from tests.interpreter.twins import maps_of

QUERIES_MAX = 6


def with_several_queries(page: dict[str, JSON], random: Random) -> dict[str, JSON]:
    """Return `page` with more queries in some of its searches, wherever those stand."""
    page = deepcopy(page)
    for steps in maps_of(page):
        for step in steps.values():
            if step.get("use") == "search" and random.random() < 0.5:
                more = [f"{random.randrange(9)}" for _ in range(random.randrange(QUERIES_MAX))]
                step["use"] = "own.searches"
                step["queries"] = [step.pop("query"), *more]
    return page
