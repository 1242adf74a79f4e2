"""Runs the catalogue against the service as it is started. Run by `make bad-inputs`.

Prints each item with the time of its slowest answer, what is wrong with it if anything is, and how
many of each category passed. Arguments: categories (all of them if none is named), and `--folder`
for another catalogue. Exits with 1 if an item failed or there was none.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from bench.service import service
from tests.bad_inputs.catalogue import HERE, items
from tests.bad_inputs.visit import Verdict, Visitor


def main(arguments: Sequence[str]) -> int:
    """Visit a service of its own; return the exit code."""
    parser = argparse.ArgumentParser(prog="bad-inputs", description="Send the bad inputs.")
    parser.add_argument("letters", nargs="*", metavar="CATEGORY")
    parser.add_argument("--folder", type=Path, default=HERE)
    given = parser.parse_args(arguments)
    chosen = list(items(given.folder, given.letters))
    with service() as teola:
        verdicts = [shown(verdict) for verdict in Visitor(teola).visit(chosen)]
    for letter, of in groupby(verdicts, lambda verdict: verdict.id[0]):
        summary(letter, [verdict for verdict in of if verdict.id != letter])
    failed = [verdict.id for verdict in verdicts if verdict.complaints]
    summary("all", [verdict for verdict in verdicts if len(verdict.id) > 1])
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed or not chosen else 0


def shown(verdict: Verdict) -> Verdict:
    """Print what became of an item."""
    word = "FAILED" if verdict.complaints else "ok"
    print(
        f"{word:6} {verdict.id:3} {verdict.longest_s * 1_000:7.1f} ms  {verdict.title}", flush=True
    )
    for complaint in verdict.complaints:
        print(f"    {complaint}")
    return verdict


def summary(of: str, verdicts: Iterable[Verdict]) -> None:
    """Print how many passed."""
    passed = [not verdict.complaints for verdict in verdicts]
    print(f"{of}: {sum(passed)} of {len(passed)} passed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
