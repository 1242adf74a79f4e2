"""What values weigh, and that weighing ends."""

import pytest

from executors.errors import ValueTooLarge
from executors.values import Ref, Values, weigh


def test_a_value_that_holds_one_part_many_times_is_weighed_no_further_than_the_limit(tmp_path):
    value: list[object] = ["x"]
    for _ in range(60):
        value = [value, value]
    values = Values(tmp_path, 1_000_000, 100_000)
    with pytest.raises(ValueTooLarge):
        values.put(Ref("r1", None, "a"), value)
    assert not values.by_run


def test_a_value_weighs_its_text_its_keys_and_its_parts():
    assert weigh("four") == 54
    assert weigh([1, None, True]) == 150
    assert weigh({"key": ["four"]}) == 100 + 53 + 60 + 54
