"""Steps that stand on a page twice: what is equal to something before it is rare by chance."""

from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

from spec.values import JSON

TWINS_MAX = 3


def with_twins(page: dict[str, JSON], random: Random) -> dict[str, JSON]:
    """Return `page` with copies of some of its steps, wherever those stand, and of outputs."""
    page = deepcopy(page)
    places = [(steps, id) for steps in maps_of(page) for id, step in steps.items() if "use" in step]
    chosen = random.sample(places, min(len(places), random.randint(1, TWINS_MAX)))
    for number, (steps, id) in enumerate(chosen):
        twin = f"twin{number}"
        steps[twin] = {key: deepcopy(at) for key, at in steps[id].items() if key != "after"}
        if steps is page["steps"]:
            read_too(page, id, twin)
    return page


def maps_of(at: JSON) -> Iterator[dict[str, Any]]:
    """Yield every map of steps, however deep in blocks."""
    if isinstance(at, dict) and isinstance(at.get("steps"), dict):
        yield at["steps"]
        for step in at["steps"].values():
            yield from maps_of(step)


def read_too(page: dict[str, Any], id: str, twin: str) -> None:
    """Give what the twin gives beside what an output gives of the step that it is of."""
    for name, value in list(page["outputs"].items()):
        if isinstance(value, str) and value.startswith(f"${id}."):
            page["outputs"][f"{name}{twin}"] = value.replace(id, twin, 1)
