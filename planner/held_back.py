"""Which saturated pools keep a pass from what it would do in a service that is idle.

Told exactly: the pass is made once more under other loads, of a plan and of what it will open.
"""

from collections.abc import Set
from dataclasses import replace

from planner.draft import Draft
from planner.estimate import Estimator
from planner.graph import PoolName
from planner.library import Library
from planner.passes.pipeline import PASSES


def held_back_by(name: str, draft: Draft, library: Library) -> tuple[PoolName, ...]:
    """Return the saturated pools of `library` each of which alone makes a difference to the pass
    called `name`. `library` has the passes on that are made of what is opened later, up to it.
    """
    saturated = sorted(library.pools.saturated)
    if not saturated:
        return ()
    idle = _made(name, draft, library, frozenset())
    return tuple(pool for pool in saturated if _made(name, draft, library, {pool}) != idle)


def _made(name: str, draft: Draft, library: Library, saturated: Set[PoolName]) -> list[Draft]:
    """Return what a pass makes of a draft, and of each part opened later where it does something.

    What passes before it make there under another load is no doing of its own.
    """
    pools = replace(library.pools, saturated=frozenset(saturated))
    later: list[Draft] = []

    def watch(pass_name: str, before: Draft, after: Draft) -> None:
        if pass_name == name and after is not before:
            later.append(after)

    loaded = replace(library, pools=pools, watch=watch)
    made = PASSES[name](draft, loaded)
    Estimator(pools).of(made, loaded)
    return [made, *later]
