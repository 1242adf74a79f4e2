"""Costs that start wrong by a factor of two come right, and nothing makes them wild."""

from random import Random

import pytest

from planner.costs import BatchCosts, LanguageCosts
from planner.least_squares import LeastSquares
from planner.refining import Refining

TRUE = BatchCosts(26.0, 1.03)
MODEL = LanguageCosts(8.33, 0.078, 6.23e-6, 17.44, 0.051, 1.28e-4)


def off_by(costs, factor):
    if isinstance(costs, BatchCosts):
        return BatchCosts(costs.fixed_ms * factor, costs.row_ms / factor)
    figures = (getattr(costs, name) for name in costs.__slots__)
    return LanguageCosts(*(figure * factor for figure in figures))


@pytest.mark.parametrize("factor", [0.5, 2.0])
@pytest.mark.parametrize("seed", range(10))
def test_batches_bring_both_shares_within_five_percent(factor, seed):
    random, refining = Random(seed), Refining(off_by(TRUE, factor), "default")
    for _ in range(30):
        rows = random.randint(1, 128)
        refining.batch(rows, TRUE.batch_ms(rows) * random.gauss(1.0, 0.02))
    assert refining.current.fixed_ms == pytest.approx(TRUE.fixed_ms, rel=0.05)
    assert refining.current.row_ms == pytest.approx(TRUE.row_ms, rel=0.05)


@pytest.mark.parametrize("factor", [0.5, 2.0])
@pytest.mark.parametrize("seed", range(10))
def test_calls_bring_prompts_and_steps_within_five_percent(factor, seed):
    random, refining = Random(seed), Refining(off_by(MODEL, factor), "configured")
    for _ in range(30):
        tokens, calls = round(20 * 200 ** random.random()), random.randint(1, 48)
        refining.prompts([(tokens, 0)], MODEL.prefill_ms(tokens) * random.gauss(1.0, 0.02))
        held = calls * tokens
        refining.step(calls, held, MODEL.step_ms(calls, held) * random.gauss(1.0, 0.02))
    for tokens in (100, 1000, 4000):
        found = refining.current.prefill_ms(tokens)
        assert found == pytest.approx(MODEL.prefill_ms(tokens), rel=0.05)
    for calls, held in ((1, 500), (16, 16_000), (40, 60_000)):
        found = refining.current.step_ms(calls, held)
        assert found == pytest.approx(MODEL.step_ms(calls, held), rel=0.05)


@pytest.mark.parametrize("seed", range(10))
def test_a_start_that_is_wrong_by_far_and_unevenly_is_left_soon(seed):
    random, true = Random(seed), BatchCosts(15.0, 40.0)
    refining = Refining(TRUE, "default")  # rows take forty times as long here
    for number in range(10):
        rows = 1 if number % 2 else random.randint(17, 23)
        refining.batch(rows, true.batch_ms(rows) * random.gauss(1.0, 0.05))
    for rows in (1, 20):
        assert refining.current.batch_ms(rows) == pytest.approx(true.batch_ms(rows), rel=0.1)


@pytest.mark.parametrize("slow", [10.0, 100.0])
def test_a_slow_beginning_is_forgotten_soon(slow):
    random, refining = Random(1), Refining(BatchCosts(1.0, 1.6), "default")
    for number in range(12):
        refining.batch(1, 5.0 * random.gauss(1.0, 0.05) * (1.0 if number else slow))
    assert refining.current.batch_ms(1) == pytest.approx(5.0, rel=0.1)


def test_outliers_hardly_count():
    random, refining = Random(1), Refining(off_by(TRUE, 2.0), "default")
    for number in range(100):
        rows = random.randint(1, 128)
        slow = 30.0 if number % 10 == 9 else 1.0
        refining.batch(rows, TRUE.batch_ms(rows) * random.gauss(1.0, 0.02) * slow)
    for rows in (1, 64, 128):
        assert refining.current.batch_ms(rows) == pytest.approx(TRUE.batch_ms(rows), rel=0.15)


def test_batches_of_one_size_keep_both_shares_where_they_were_put():
    refining, random = Refining(off_by(TRUE, 2.0), "default"), Random(2)
    for _ in range(5_000):
        refining.batch(16, TRUE.batch_ms(16) * random.gauss(1.0, 0.05))
    assert refining.current.batch_ms(16) == pytest.approx(TRUE.batch_ms(16), rel=0.05)
    assert 0.5 < refining.current.batch_ms(128) / TRUE.batch_ms(128) < 2.0


def test_no_share_is_ever_negative():
    refining = Refining(BatchCosts(10.0, 1.0), "default")
    for rows in (1, 100, 2, 90, 3, 80):
        refining.batch(rows, 200.0 - rows)
        assert refining.current.fixed_ms >= 0
        assert refining.current.row_ms >= 0


@pytest.mark.parametrize("ms", [0.0, -5.0, float("inf"), float("nan")])
def test_what_no_batch_can_take_is_left_out(ms):
    fit = LeastSquares((10.0, 1.0))
    fit.observe((1.0, 4.0), ms)
    assert (fit.shares, fit.observed) == ((10.0, 1.0), 0)


def test_costs_are_made_known_again_only_when_one_moved_by_a_tenth():
    refining = Refining(TRUE, "default")
    for rows in (1, 64, 8, 128) * 10:
        refining.batch(rows, TRUE.batch_ms(rows) * 1.05)
    assert (refining.profile.version, refining.profile.costs) == (0, TRUE)
    assert (refining.profile.source, refining.profile.observed) == ("default", 40)
    for rows in (1, 64, 8, 128) * 60:
        refining.batch(rows, TRUE.batch_ms(rows) * 1.5)
    assert refining.profile.version >= 1
    assert refining.profile.source == "refined"
    assert refining.profile.costs.fixed_ms == pytest.approx(39.0, rel=0.1)
