"""Figures come back from made-up costs, with noise and without, and none is ever negative."""

import numpy as np
import pytest

from executors.profiling.fit import TooFew, fit
from executors.profiling.profile import profile_of
from executors.profiling.readings import Reading
from executors.profiling.trials import batch_trials, language_trials

PREFILL = (8.33, 0.078, 6.23e-6)
DECODE = (17.44, 0.051, 1.28e-4)


def times(figures, features, noise, random):
    exact = np.asarray(features) @ np.asarray(figures)
    return exact * np.exp(noise * random.standard_normal(len(exact)))


@pytest.mark.parametrize("figures", [PREFILL, (0.0, 0.14, 0.0), (22.05, 0.0, 8e-6)])
def test_exact_times_give_exact_figures(figures):
    features = [(1.0, n, n**2) for n in (64, 128, 256, 512, 1024, 2048)]
    found = fit(features, list(times(figures, features, 0.0, np.random.default_rng(0))))
    assert found == pytest.approx(figures, rel=1e-6, abs=1e-9)


def test_no_figure_is_negative_whatever_was_measured():
    random = np.random.default_rng(1)
    for _ in range(200):
        features = [(1.0, n, n**2) for n in (64, 128, 256, 512)]
        assert min(fit(features, list(random.uniform(0.1, 100.0, 4)))) >= 0.0


def test_it_is_no_worse_than_a_fine_search():
    """Among all figures of a grid none has a smaller error."""
    features, measured = [(1.0, 1.0), (1.0, 2.0), (1.0, 8.0)], [5.0, 4.0, 9.0]
    rows = np.asarray(features) / np.asarray(measured)[:, None]

    def error(figures):
        return float(np.sum((rows @ np.asarray(figures) - 1.0) ** 2))

    grid = [(a, c) for a in np.linspace(0, 10, 101) for c in np.linspace(0, 3, 101)]
    assert error(fit(features, measured)) <= min(map(error, grid))


def test_fewer_measurements_than_figures_are_refused():
    with pytest.raises(TooFew):
        fit([(1.0, 64.0, 4096.0), (1.0, 128.0, 16384.0)], [1.0, 2.0])


def readings(trials, noise, repetitions, seed=3):
    """What a machine of these costs would give, each time wrong by about `noise`."""
    random = np.random.default_rng(seed)
    found = {}
    for trial in trials:
        match trial.part:
            case "prefill":
                features, figures = (1.0, trial.tokens, trial.tokens**2), PREFILL
            case "decode":
                held = trial.count * (trial.tokens + 24)
                features, figures = (1.0, trial.count, held), DECODE
            case _:
                features, figures = (1.0, trial.count), (26.0, 1.03)
        every = times(figures, [features] * repetitions, noise, random)
        found[trial] = [Reading(tuple(map(float, features)), float(each)) for each in every]
    return found


def test_a_language_model_is_found_again_through_noise_of_ten_per_cent():
    trials = language_trials(2048, 32)
    found = profile_of("llm", readings(trials, 0.1, 5), 128, is_counted=True)
    assert max(found.errors.values()) < 0.1
    for tokens in (100, 1000, 2000):
        exact = PREFILL[0] + PREFILL[1] * tokens + PREFILL[2] * tokens**2
        assert found.costs.prefill_ms(tokens) == pytest.approx(exact, rel=0.1)
    for count, held in ((1, 500), (16, 4000), (32, 8000)):
        exact = DECODE[0] + DECODE[1] * count + DECODE[2] * held
        assert found.costs.step_ms(count, held) == pytest.approx(exact, rel=0.1)


def test_one_wild_repetition_changes_nothing():
    trials = batch_trials(64, 128)
    wild = readings(trials, 0.0, 5)
    for every in wild.values():
        every[0] = Reading(every[0].features, 50 * every[0].ms)
    found = profile_of("embedding", wild, 128, is_counted=False)
    assert (found.costs.fixed_ms, found.costs.row_ms) == pytest.approx((26.0, 1.03), rel=1e-3)
    assert found.errors["batch"] < 1e-3


def test_what_could_not_be_measured_is_named():
    found = readings(batch_trials(8, 128), 0.0, 2)
    longest = list(found)[-1]
    found[longest] = []
    profile = profile_of("rerank", found, 128, is_counted=True)
    assert profile.left_out == (longest,)
    assert profile.repetitions == (2, 2)
    with pytest.raises(TooFew):
        profile_of("rerank", {trial: [] for trial in found}, 128, is_counted=True)


def test_what_is_held_out_is_not_used():
    every = readings(batch_trials(64, 128), 0.0, 1)
    for trial, found in every.items():
        if trial.held_out:
            found[0] = Reading(found[0].features, 2 * found[0].ms)
    profile = profile_of("embedding", every, 128, is_counted=True)
    assert profile.costs.row_ms == pytest.approx(1.03, rel=1e-3)
    assert profile.errors["batch"] == pytest.approx(0.5, rel=1e-3)
