"""`make mutate-passes`: change the passes in small ways, and see whether it is noticed."""

import sys

from tests.equivalence.comparison import Comparison
from tests.mutations.explained import EXPLAINED
from tests.mutations.listed import listed
from tests.mutations.mutants import Mutant, drawn
from tests.mutations.noticing import ROOT, noticed

COUNT = 150
SEED = 6
#: Of the mutants drawn, the share that has to be noticed.
NOTICED_MIN = 0.9


def main() -> int:
    """Tell of every mutant what noticed it; return 1 if one that is listed was not, or too many."""
    comparison = Comparison()
    if (wrong := noticed(None, comparison)) is not None:
        sys.stdout.write(f"{wrong} fails without any mutant: nothing can be told\n")
        return 1
    missed = [each for each in listed() if not _told(each, comparison)]
    paths = [*sorted((ROOT / "planner/passes").glob("[a-z]*.py")), ROOT / "planner/pairs.py"]
    mutants = drawn(paths, int(sys.argv[1]) if len(sys.argv) > 1 else COUNT, SEED)
    survivors = [each for each in mutants if not _told(each, comparison)]
    share = 1 - len(survivors) / len(mutants) if mutants else 1.0
    unexplained = [each for each in survivors if each.key not in EXPLAINED]
    sys.stdout.write(f"listed: {len(listed()) - len(missed)} of {len(listed())} noticed\n")
    sys.stdout.write(f"drawn: {share:.1%} of {len(mutants)} noticed (at least {NOTICED_MIN:.0%})\n")
    for each in survivors:
        sys.stdout.write(f"  {each}: {EXPLAINED.get(each.key, 'NOT EXPLAINED')}\n")
    return int(bool(missed or unexplained or share < NOTICED_MIN))


def _told(mutant: Mutant, comparison: Comparison) -> bool:
    by = noticed(mutant, comparison)
    sys.stdout.write(f"{'noticed by ' + by if by else 'SURVIVED':32} {mutant}\n")
    sys.stdout.flush()
    return by is not None


if __name__ == "__main__":
    sys.exit(main())
