"""Which children of a structure may be opened when, and when it is over."""

from collections.abc import Callable
from typing import Any

import pytest

from executors.scheduler.unfolding import STRIDES_A_WIDTH, Unfolding
from planner.graph import PrimitiveId
from planner.structure import Child, Kind, Shape, Structure


def unfolding(kind: Kind, shape: Shape, width: int = 1) -> Unfolding:
    body: Any = None  # nothing here looks into it
    structure = Structure(
        PrimitiveId("s:open"), PrimitiveId("s:end"), kind, None, width, ("value",), body
    )
    return Unfolding(structure, shape)


def opened(part: Unfolding) -> list[tuple[int, int]]:
    return [(child.level, child.index) for child in part.open_more()]


def played(part: Unfolding, choose: Callable[[list[Child]], int]) -> list[tuple[int, int]]:
    """End open children in the order that `choose` says, until none is left; return the order."""
    live = list(part.open_more())
    order = []
    while live:
        child = live.pop(choose(live))
        order.append((child.level, child.index))
        part.end(child, Shape(truth=False))
        live += part.open_more()
    return order


def test_elements_of_a_wide_list_are_opened_in_strides_and_the_last_as_soon_as_they_may():
    width, count = 3 * STRIDES_A_WIDTH, 3 * STRIDES_A_WIDTH + 4
    part = unfolding("for_each", Shape(count=count), width=width)
    assert len(opened(part)) == width
    many = []
    for index in range(4):
        part.end(Child(index), Shape())
        many.append(len(opened(part)))
    assert many == [0, 0, 3, 1]


def test_elements_are_opened_in_order_as_many_at_once_as_may_be():
    part = unfolding("for_each", Shape(count=4), width=2)
    assert opened(part) == [(0, 0), (0, 1)]
    assert opened(part) == []
    part.end(Child(1), Shape())
    assert opened(part) == [(0, 2)]
    assert not part.is_over


def test_a_list_without_elements_is_over_at_once():
    for kind in ("for_each", "fold", "reduce"):
        part = unfolding(kind, Shape(count=0, fan_in=2))
        assert opened(part) == []
        assert part.is_over


def test_a_fold_opens_one_element_after_another():
    assert played(unfolding("fold", Shape(count=3)), lambda live: 0) == [(0, 0), (0, 1), (0, 2)]


def test_a_fold_opens_elements_ahead_of_the_one_that_they_wait_for():
    part = unfolding("fold", Shape(count=5), width=3)
    assert opened(part) == [(0, 0), (0, 1), (0, 2)]
    part.end(Child(0), Shape())
    assert opened(part) == [(0, 3)]
    for index in (1, 2, 3, 4):
        assert not part.is_over
        list(part.open_more())
        part.end(Child(index), Shape())
    assert part.is_over


def test_rounds_end_when_one_was_the_last():
    part = unfolding("loop", Shape(count=5))
    assert opened(part) == [(0, 0)]
    part.end(Child(0), Shape(truth=False))
    assert opened(part) == [(0, 1)]
    part.end(Child(1), Shape(truth=True))
    assert opened(part) == []
    assert part.is_over
    assert part.ending.truth


def test_rounds_end_when_there_were_as_many_as_may_be():
    part = unfolding("loop", Shape(count=2))
    assert played(part, lambda live: 0) == [(0, 0), (0, 1)]
    assert part.is_over
    assert not part.ending.truth


@pytest.mark.parametrize("count", range(1, 30))
@pytest.mark.parametrize("fan_in", [2, 3, 4])
@pytest.mark.parametrize("choose", [lambda live: 0, lambda live: -1, lambda live: len(live) // 2])
def test_a_group_is_opened_once_all_its_members_are_known(count, fan_in, choose):
    part = unfolding("reduce", Shape(count=count, fan_in=fan_in), width=1000)
    order = played(part, choose)
    assert part.is_over
    assert len(set(order)) == len(order)
    sizes = [count]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // fan_in))
    alone = sum(size > 1 and size % fan_in == 1 for size in sizes)
    assert len(order) == sum(sizes[1:]) - alone
    for level, index in order:
        below = range(index * fan_in, (index + 1) * fan_in)
        before = order[: order.index((level, index))]
        groups = [(level - 1, each) for each in below if (level - 1, each) in order]
        assert all(group in before for group in groups)


def growing(kind: Kind, count: int, width: int = 9) -> Unfolding:
    part = unfolding(kind, Shape(count=count), width=width)
    part.growing = True
    return part


def test_elements_of_a_list_that_comes_are_opened_as_far_as_it_is_there():
    part = growing("for_each", 1)
    assert opened(part) == [(0, 0)]
    part.end(Child(0), Shape())
    assert not part.is_over
    part.grow(3)
    assert opened(part) == [(0, 1), (0, 2)]
    part.complete(Shape(count=4))
    assert opened(part) == [(0, 3)]


def test_a_list_that_came_whole_is_over_when_all_of_it_is():
    part = growing("for_each", 2)
    assert opened(part) == [(0, 0), (0, 1)]
    part.end(Child(0), Shape())
    part.end(Child(1), Shape())
    assert not part.is_over
    part.complete(Shape(count=2))
    assert part.is_over


def test_the_last_item_there_is_may_be_the_last_of_a_fold_and_is_not_opened_before_that_is_known():
    part = growing("fold", 1, width=1)
    assert opened(part) == []
    part.grow(2)
    assert opened(part) == [(0, 0)]
    part.end(Child(0), Shape())
    assert opened(part) == []
    part.complete(Shape(count=2))
    assert opened(part) == [(0, 1)]


def test_how_far_a_list_has_come_is_not_told_while_nobody_knows_how_long_it_is():
    part = growing("for_each", 1)
    assert opened(part) == [(0, 0)]
    part.end(Child(0), Shape())
    assert not part.moved_on()
    part.complete(Shape(count=2))
    assert part.moved_on()
