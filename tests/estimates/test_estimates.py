"""Estimates that start from costs wrong by a factor of two come right; bounds are never beaten."""

import pytest

from tests.estimates.learning import forecasts
from tests.estimates.service import EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_after_thirty_runs_an_estimate_is_within_a_tenth(name):
    first, last = forecasts(name, runs=30, factor=2.0)
    assert abs(last.error) < 0.1
    assert abs(last.error) < abs(first.error)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_run_beats_its_bound(name):
    _, last = forecasts(name, runs=2, factor=1.0)
    for took, bound in zip(last.took, last.bounds, strict=True):
        assert 0 < bound <= took * (1 + 1e-9)  # tight: they differ by rounding alone
