"""A profile as a person or a program reads it: figures, and how well they predict the rest."""

from typing import Any

from rich.console import Console
from rich.table import Table

from api.engines_edit import figure_text
from executors.profiling.profile import Profile
from executors.profiling.trials import Trial
from planner.costs import Costs, LanguageCosts


def as_data(pool: str, model: str, found: Profile, written: str | None) -> dict[str, Any]:
    """Return a profile as JSON values; `written` is the file that has it now."""
    return {
        "pool": pool,
        "model": model,
        "costs": {name: getattr(found.costs, name) for name in found.costs.__slots__},
        "repetitions": dict(zip(("least", "most"), found.repetitions, strict=True)),
        "tokens_counted": found.is_counted,
        "errors": {part: round(error, 4) for part, error in found.errors.items()},
        "held_out": [
            {
                **_trial(each.trial),
                "measured_ms": round(each.measured_ms, 4),
                "predicted_ms": round(each.predicted_ms, 4),
                "error": round(each.error, 4),
            }
            for each in found.held_out
        ],
        "left_out": [_trial(each) for each in found.left_out],
        "written": written,
    }


def show(console: Console, found: Profile) -> None:
    """Print a profile: its figures, a table of what was held out, and what is to be known of it."""
    for line in _formulas(found.costs):
        console.print(line)
    table = Table("held out", *_NUMBERS)
    for column in table.columns[1:]:
        column.justify = "right"
    for each in found.held_out:
        measured, predicted = _short(each.measured_ms), _short(each.predicted_ms)
        table.add_row(str(each.trial), measured, predicted, f"{each.error:.1%}")
    console.print(table)
    least, most = found.repetitions
    times = str(least) if least == most else f"{least} to {most}"
    errors = ", ".join(f"{part} {error:.1%}" for part, error in found.errors.items())
    console.print(f"median error of what was held out: {errors or 'nothing was'}")
    console.print(f"times are medians of {times} repetitions")
    if found.left_out:
        console.print(f"not to be measured: {', '.join(map(str, found.left_out))}")
    if not found.is_counted:
        console.print("the engine counts no tokens: four characters were taken for one")


def _formulas(costs: Costs) -> list[str]:
    figures = {name: figure_text(getattr(costs, name)) for name in costs.__slots__}
    if isinstance(costs, LanguageCosts):
        return [
            "prefill of n tokens: {prefill_fixed_ms} + {prefill_token_ms}·n + "
            "{prefill_square_ms}·n² ms".format(**figures),
            "step of b sequences that hold K tokens: {decode_fixed_ms} + {decode_sequence_ms}·b + "
            "{decode_token_ms}·K ms".format(**figures),
        ]
    return ["batch of b rows of {row_tokens} tokens: {fixed_ms} + {row_ms}·b ms".format(**figures)]


def _short(ms: float) -> str:
    return figure_text(float(f"{ms:.3g}"))


def _trial(trial: Trial) -> dict[str, str | int]:
    return {"part": trial.part, "count": trial.count, "tokens": trial.tokens}


_NUMBERS = ("measured ms", "predicted ms", "error")
