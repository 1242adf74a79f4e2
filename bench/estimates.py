"""How far off an estimate is of a run that is alone, before anything is known and after thirty.

Run by `make bench-estimates`, in virtual time on emulated engines whose true figures are published
ones (docs/emulated.md). Estimates start from figures that are wrong by a factor of two, each up or
down as a seed decides, and know nothing of how long replies are or how many there are. Both learn
from what batches take and what runs ask for, by events alone; no two runs have a question or a
document in common. Each example learns for itself. The last estimate is held against the mean of
ten more lone runs, and the bound is the mean of theirs, by the true figures. Exits with 1 if that
estimate is off by more than a tenth.
"""

import sys
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.table import Table

from tests.estimates.learning import forecasts
from tests.estimates.service import EXAMPLES

RUNS, FACTOR, ERROR_MAX = 30, 2.0, 0.10
COLUMNS = ("lone run, ms", "first estimate", "took", "off", "last estimate", "took", "off")


def main() -> None:
    """Print the table; exit with 1 if an estimate is off by more than `ERROR_MAX`."""
    title = f"costs wrong by {FACTOR:g} at the start, {RUNS} runs to learn"
    table = Table(*COLUMNS, "least and most", "bound", title=title)
    held = True
    for name in EXAMPLES:
        first, last = forecasts(name, RUNS, FACTOR)
        cells = [f"{first.estimated:,.0f}", f"{fmean(first.took):,.0f}", f"{first.error:+.1%}"]
        cells += [f"{last.estimated:,.0f}", f"{fmean(last.took):,.0f}", f"{last.error:+.1%}"]
        between = f"{min(last.took):,.0f} to {max(last.took):,.0f}"
        table.add_row(name, *cells, between, f"{fmean(last.bounds):,.0f}")
        held = held and abs(last.error) <= ERROR_MAX
    Console(width=120).print(table)
    sys.exit(not held)


if __name__ == "__main__":
    main()
