"""`make equivalence N=10000`: compare as many made-up workflows as one likes, and say what met."""

import sys

from tests.equivalence.comparison import Comparison

if __name__ == "__main__":
    first, count = int(sys.argv[1]), int(sys.argv[2])
    report = Comparison().report(range(first, first + count))
    sys.stdout.write(f"{report}\n")
    sys.exit(bool(report.differences))
