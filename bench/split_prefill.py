"""What reading prompts ahead is worth on real vLLM servers, run by run. Run by `make bench-split`.

Each application whose prompts are cut is run over REST, with the pass `split_prefill` and without
it in turn, so that what slows the machine down slows both. Each run has a cache of prefixes of its
own, by salt. Shown are medians: from the call for the last answer to its first token, as the
service sees it; from the start of the run to the first text of the answer; the tokens that were
read ahead, and those that calls then found in the cache, as the engine counts them. Exits with 1 if
anything that was asked or answered differs, or if calls found no more than without.

On this one machine all three servers and the service share the cores: what is read ahead there is
not free, as it is on an engine that would idle.
"""

import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from figures import Figure, show
from pace import pace
from rich.console import Console
from rich.table import Table

from bench.service import Service
from tests.api.example_runs import with_documents
from tests.vllm.salted import Salted
from tests.vllm.servers import running
from tests.vllm.split_runs import SplitRun, applications, run_split

TIMES = 5

Pairs = Sequence[tuple[SplitRun, SplitRun]]


def main() -> None:
    """Measure everything and print it."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    print(pace())
    with (
        tempfile.TemporaryDirectory(prefix="teola-") as folder,
        running(Path(folder)) as servers,
        Salted(servers.chat.url).up() as salted,
    ):
        print(f"vLLM {servers.version()}, three tiny models on the CPU")
        engines = Path(folder) / "salted.yaml"
        engines.write_text(servers.engines.read_text().replace(servers.chat.url, salted.url))
        variables = {**servers.variables, "TEOLA_ENGINES": str(engines)}
        with with_documents(**variables) as opened:
            measured = dict(_measured(times, salted, *opened))
    _tell(measured)
    sys.exit(not show([each for name, pairs in measured.items() for each in figures(name, pairs)]))


def figures(name: str, pairs: Pairs) -> Iterator[Figure]:
    """Hold what must not change, and what must, against its bounds."""
    differ = sum((off.calls, off.outputs) != (on.calls, on.outputs) for off, on in pairs)
    yield Figure(f"{name}: runs that ask or answer something else", differ, 0, "")
    more = min(on.found[-1] - off.found[-1] for off, on in pairs)
    yield Figure(f"{name}: more tokens found by the last call", more, 1, "", most=False)


def _measured(
    times: int, salted: Salted, teola: Service, files: dict[str, Any]
) -> Iterator[tuple[str, Pairs]]:
    for application in applications():
        run_split(application, teola, files, salted, "warm up", on=True)
        pairs = []
        for number in range(times):
            off, on = (
                run_split(application, teola, files, salted, f"{number}{on}", on=on)
                for on in (False, True)
            )
            pairs.append((off, on))
        yield application.name, pairs


def _tell(measured: dict[str, Pairs]) -> None:
    table = Table(
        "application", "pass", "first token of the last answer ms", "first text of the run ms",
        "tokens read ahead", "found by answers", "found by the last",
    )  # fmt: skip
    for name, pairs in measured.items():
        for place, word in enumerate(("off", "on")):
            runs = [pair[place] for pair in pairs]
            figures = (
                statistics.median(run.first_ms for run in runs),
                statistics.median(run.shown_ms for run in runs),
                statistics.median(run.warmed for run in runs),
                statistics.median(sum(run.found) for run in runs),
                statistics.median(run.found[-1] for run in runs),
            )
            table.add_row(name, word, *(f"{each:,.0f}" for each in figures))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
