"""What values weigh, and that weighing ends."""

import numpy as np
import pytest

from executors.errors import ValueTooLarge
from executors.values import Ref, Values, weigh


def test_a_value_that_holds_one_part_many_times_is_weighed_no_further_than_the_limit(tmp_path):
    value: list[object] = ["x"]
    for _ in range(60):
        value = [value, value]
    values = Values(tmp_path, 1_000_000, 100_000)
    with pytest.raises(ValueTooLarge):
        values.put(Ref("r1", "a"), {"x": value})
    assert not values.by_run


def test_a_value_weighs_its_text_its_keys_and_its_parts():
    assert weigh("four") == 54
    assert weigh([1, None, True]) == 150
    assert weigh({"key": ["four"]}) == 100 + 53 + 60 + 54


def test_what_goes_to_disk_comes_back_as_it_was(tmp_path):
    values = Values(tmp_path, 2_000, 1_000_000)
    vectors = np.arange(600, dtype=np.float32).reshape(2, 300)
    values.put(Ref("r1", "a"), {"vectors": vectors, "text": "Zoë", "none": None, "n": [1, 2.5]})
    values.put(Ref("r1", "b"), {"text": "x" * 1_500})
    assert list(values.spilled) == [Ref("r1", "a")]
    assert np.array_equal(values.get(Ref("r1", "a"), "vectors"), vectors)
    assert values.get(Ref("r1", "a"), "text") == "Zoë"
    assert values.get(Ref("r1", "a"), "none") is None
    assert values.get(Ref("r1", "a"), "n") == [1, 2.5]
    assert values.get(Ref("r1", "b"), "text") == "x" * 1_500
    values.drop("r1")
    assert not list(tmp_path.iterdir())
    assert values.memory_bytes == 0
