"""Cycles are found whatever their length."""

from spec.order import cycles, in_order


def test_a_long_chain_needs_no_deep_stack():
    chain = {str(n): [str(n + 1)] for n in range(50_000)}
    assert cycles(chain) == []
    assert len(list(in_order({**chain, "50000": []}))) == 50_001


def test_a_long_cycle_is_one():
    ring = {str(n): [str((n + 1) % 50_000)] for n in range(50_000)}
    (found,) = cycles(ring)
    assert found[:2] == ("0", "1")


def test_cycles_come_in_the_order_of_the_file():
    waits = {"x": ["y"], "a": ["c"], "y": ["x", "a"], "b": ["b"], "c": ["a"]}
    assert cycles(waits) == [("x", "y"), ("a", "c"), ("b",)]
    assert list(in_order(waits)) == []
