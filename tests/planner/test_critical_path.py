"""The longest way through a graph, and what is left from each node."""

from itertools import permutations
from random import Random

import pytest

from planner.critical_path import critical_path, topological


def longest(ms, waits):
    """Return the longest way by trying every way."""

    def upto(node):
        return ms[node] + max((upto(before) for before in waits.get(node, ())), default=0.0)

    return max(map(upto, ms))


@pytest.mark.parametrize("seed", range(50))
def test_no_way_through_a_graph_is_longer(seed):
    random = Random(seed)
    ms = {f"n{at}": float(random.randint(0, 9)) for at in range(8)}
    names = list(ms)
    waits = {
        name: random.sample(names[:at], random.randint(0, at)) for at, name in enumerate(names)
    }
    path = critical_path(ms, waits)
    assert path.ms == longest(ms, waits) == sum(ms[node] for node in path.nodes)
    assert all(a in waits[b] for a, b in zip(path.nodes, path.nodes[1:], strict=False))
    assert max(path.remaining_s.values()) == pytest.approx(path.ms / 1000)
    for node in names:
        after = [path.remaining_s[other] for other in names if node in waits[other]]
        assert path.remaining_s[node] == pytest.approx(ms[node] / 1000 + max(after, default=0.0))


def test_the_order_of_nodes_changes_no_length():
    ms, waits = {"a": 1.0, "b": 2.0, "c": 3.0}, {"c": ["a"], "b": ["a"]}
    lengths = {critical_path({k: ms[k] for k in keys}, waits).ms for keys in permutations(ms)}
    assert lengths == {4.0}


def test_a_chain_of_any_length_is_gone_through():
    count = 50_000
    ms = {str(at): 1.0 for at in range(count)}
    waits = {str(at): [str(at - 1)] for at in range(1, count)}
    path = critical_path(ms, waits)
    assert (path.ms, len(path.nodes), path.remaining_s["0"]) == (count, count, count / 1000)


def test_what_is_waited_for_and_is_not_there_is_done():
    assert critical_path({"a": 2.0}, {"a": ["gone"]}).nodes == ("a",)


def test_an_empty_graph_takes_no_time():
    assert critical_path({}, {}).ms == 0.0


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="for ever"):
        list(topological(["a", "b"], {"a": ["b"], "b": ["a"]}))
