"""When a pool is so busy that passes add no work to it.

What is read ahead, begun ahead or done in pieces is work that a run would not ask for otherwise. It
costs nobody anything where slots are idle; in a queue it makes others wait, `u/(1-u)` times as long
as it takes at utilisation `u`. Plans know no more of a load than which pools are saturated, so few
loads are told apart, and a plan that was made under one serves all that are alike.
"""

from collections.abc import Mapping

from planner.graph import PoolName

#: Share of a pool's slots in use from which on it is saturated: there a ms of work makes others
#: wait 5.7 ms, and simulated services gained at most a hundredth of a run's time by reading ahead.
SATURATED_MIN = 0.85
#: Below this share, where others wait 2.3 ms, it is so no longer. Between both it stays what it
#: was, so that a load which goes up and down a little does not change plans each time.
RELIEVED_MAX = 0.7


def is_saturated(utilisation: float, before: bool = False) -> bool:
    """Whether a pool is, of whose slots the share `utilisation` is in use; it was so `before`.

    >>> is_saturated(0.85), is_saturated(0.8), is_saturated(0.8, before=True), is_saturated(0.69)
    (True, False, True, False)
    """
    return utilisation >= (RELIEVED_MAX if before else SATURATED_MIN)


def saturated_at(utilisation: Mapping[PoolName, float]) -> frozenset[PoolName]:
    """Return the pools that are, by the share of each one's slots in use, 0 to 1; others are idle.

    >>> sorted(saturated_at({PoolName("llm"): 0.9, PoolName("web"): 0.2}))
    ['llm']
    """
    return frozenset(pool for pool, share in utilisation.items() if is_saturated(share))
