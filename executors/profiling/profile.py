"""A profile: the costs that explain what was measured, and how well they predict the rest. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from executors.profiling.fit import TooFew, fit
from executors.profiling.readings import Reading, typical
from executors.profiling.trials import Part, Trial
from planner.costs import BatchCosts, Costs, LanguageCosts

#: Digits of a figure that mean anything.
DIGITS = 4
#: Places behind the point at most: less than a picosecond is nothing even for a million squares.
PLACES = 12
_COEFFICIENTS: Mapping[Part, int] = {"prefill": 3, "decode": 3, "batch": 2}


@dataclass(frozen=True, slots=True)
class Held:
    """A trial that was not used for the fit: what it took, and what the costs say it takes."""

    trial: Trial
    measured_ms: float
    predicted_ms: float

    @property
    def error(self) -> float:
        """Return by how much the prediction is wrong, as a share of what was measured."""
        return abs(self.predicted_ms - self.measured_ms) / self.measured_ms


@dataclass(frozen=True, slots=True)
class Profile:
    """What was found. `repetitions` is how often trials were measured, at least and at most.

    `left_out` could not be measured: too long for the model, or more at a time than it takes.
    `is_counted`: the engine counts tokens itself; without, four characters are taken for one.
    """

    costs: Costs
    held_out: tuple[Held, ...]
    repetitions: tuple[int, int]
    left_out: tuple[Trial, ...]
    is_counted: bool

    @property
    def errors(self) -> dict[Part, float]:
        """Return the median error of what was held out of each part: one that is well predicted
        says nothing of another. Nothing where nothing was held out.
        """
        parts: dict[Part, list[float]] = {}
        for each in self.held_out:
            parts.setdefault(each.trial.part, []).append(each.error)
        return {part: median(errors) for part, errors in parts.items()}


def profile_of(
    kind: str,
    readings: Mapping[Trial, Sequence[Reading]],
    row_tokens: int,
    *,
    is_counted: bool,
) -> Profile:
    """Return the profile that `readings` of every trial give. Raise `TooFew`.

    A trial without one was planned, and could not be measured.
    """
    found = {trial: typical(each) for trial, each in readings.items() if each}
    parts: tuple[Part, ...] = ("prefill", "decode") if kind == "llm" else ("batch",)
    figures = {part: _figures(part, found) for part in parts}
    held = tuple(
        Held(_as_read(trial, each), each.ms, _dot(figures[trial.part], each.features))
        for trial, each in found.items()
        if trial.held_out
    )
    counts = [len(each) for each in readings.values() if each]
    return Profile(
        costs=_costs(figures, row_tokens),
        held_out=held,
        repetitions=(min(counts), max(counts)),
        left_out=tuple(trial for trial, each in readings.items() if not each),
        is_counted=is_counted,
    )


def _figures(part: Part, found: Mapping[Trial, Reading]) -> tuple[float, ...]:
    used = [each for trial, each in found.items() if trial.part == part and not trial.held_out]
    if len(used) < _COEFFICIENTS[part]:
        raise TooFew
    fitted = fit([each.features for each in used], [each.ms for each in used])
    # Rounded before they are checked: what is checked is what is written down.
    return tuple(round(float(f"{each:.{DIGITS}g}"), PLACES) for each in fitted)


def _as_read(trial: Trial, reading: Reading) -> Trial:
    """Return a trial as it came out: some of its sequences may have ended early."""
    return replace(trial, count=round(reading.features[1])) if trial.part == "decode" else trial


def _costs(figures: Mapping[Part, tuple[float, ...]], row_tokens: int) -> Costs:
    if "batch" in figures:
        fixed_ms, row_ms = figures["batch"]
        return BatchCosts(fixed_ms, row_ms, row_tokens)
    return LanguageCosts(*figures["prefill"], *figures["decode"])


def _dot(figures: Sequence[float], features: Sequence[float]) -> float:
    return sum(figure * feature for figure, feature in zip(figures, features, strict=True))
