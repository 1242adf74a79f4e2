"""How far off an estimate is of a run that is alone, on real vLLM servers, as the service learns.

Run by `make bench-estimates-vllm`, on three servers with the tiny models of `make vllm`. Each
example has a service of its own, which begins with what it assumes of engines that nobody has
measured, and learns from its own runs alone, over REST. Runs come one at a time; each has a
question of its own and documents of sentences drawn from the same pages, so that no answer and
nothing read of one run serves another. Replies are greedy and have at most 64 tokens.

Shown is what the service itself expected when a run was accepted (`GET /v1/runs/{run}/explain`): of
the first, and of the one after thirty, which is held against the mean of ten. The bound is the mean
of `lower_ms`. Exits with 1 if the last estimate is off by more than a quarter.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from forecasts import show
from pace import pace

from bench.applications import APPLICATIONS, DOCUMENTS
from bench.service import service
from tests.vllm.lone_runs import forecasts
from tests.vllm.servers import running

RUNS, ERROR_MAX = 30, 0.25


def main(names: Sequence[str], runs: int) -> None:
    """Print the table; exit with 1 if an estimate is off by more than `ERROR_MAX`."""
    print(pace())
    found = {}
    with (
        tempfile.TemporaryDirectory(prefix="teola-") as folder,
        running(Path(folder)) as servers,
    ):
        print(f"vLLM {servers.version()}, three tiny models on the CPU")
        variables = {**servers.variables, "TEOLA_CORPUS": str(DOCUMENTS)}
        for application in APPLICATIONS:
            if application.name in names or not names:
                with service(**variables) as teola:
                    random = Random(application.name)
                    found[application.name] = forecasts(application, teola, runs, random)
    title = f"nothing known of the engines at the start, {runs} runs to learn"
    sys.exit(not show(title, found, ERROR_MAX))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    known = [application.name for application in APPLICATIONS]
    parser.add_argument("name", nargs="*", help=f"only these, of {', '.join(known)}")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"to learn from ({RUNS})")
    asked = parser.parse_args()
    if unknown := set(asked.name) - set(known):
        parser.error(f"no such application: {', '.join(sorted(unknown))}")
    main(asked.name, asked.runs)
