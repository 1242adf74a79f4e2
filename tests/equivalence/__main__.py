"""`make equivalence N=10000`: compare as many made-up workflows as one likes, and say what met.

Each is run under three seeds of what happens first. Fails for a difference, and where a pass fired
in too few of those compared for the comparison to say much of it.
"""

import sys
from collections.abc import Iterator

from planner.passes.names import NAMES
from tests.equivalence.comparison import Comparison, Report

SEEDS = 3
#: Shares of the workflows compared in which each pass has to fire, and two or more of them.
FIRED_MIN, TWO_FIRED_MIN = 0.1, 0.25
#: Share of them that may differ by slow calls alone.
TIMED_MAX = 0.01


def rare(report: Report) -> Iterator[str]:
    """Yield what fired too seldom, and what was excused too often."""
    compared = sum(count for what, count in report.counts.items() if what.startswith("plainly"))
    for name in NAMES:
        if report.passes[name] < FIRED_MIN * compared:
            yield f"{name} fired in {report.passes[name]} of {compared}: too few"
    if report.passes["two passes or more"] < TWO_FIRED_MIN * compared:
        yield "two passes or more fired in too few"
    if report.counts["decided by time"] > TIMED_MAX * compared:
        yield f"time decided in {report.counts['decided by time']} of {compared}: too many"


if __name__ == "__main__":
    first, count = int(sys.argv[1]), int(sys.argv[2])
    report = Comparison().report(range(first, first + count), seeds=SEEDS)
    wrong = [*report.differences, *rare(report)]
    sys.stdout.write(
        "\n".join([str(report), *rare(report), f"differences: {len(report.differences)}", ""])
    )
    sys.exit(bool(wrong))
