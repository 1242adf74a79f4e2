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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from forecasts import show

from tests.estimates.learning import forecasts
from tests.estimates.service import EXAMPLES

RUNS, FACTOR, ERROR_MAX = 30, 2.0, 0.10


def main() -> None:
    """Print the table; exit with 1 if an estimate is off by more than `ERROR_MAX`."""
    found = {name: forecasts(name, RUNS, FACTOR) for name in EXAMPLES}
    title = f"costs wrong by {FACTOR:g} at the start, {RUNS} runs to learn"
    sys.exit(not show(title, found, ERROR_MAX))


if __name__ == "__main__":
    main()
