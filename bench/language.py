"""What reading and checking a page costs: time, and memory that is given back.

Run by `make bench-language`. Times are processor time, so neighbours on the machine do not count;
the vocabulary is the one that ships. The 100-step workflow is twenty rounds of five steps, each
reading the round before: a note (a `text` with two slots), a `chunk`, a `search` whose query is an
expression, a `value` of an object with three expressions, and an `llm` with a prompt of ten lines,
instructions and options. The page of one mebibyte is more of the same. The hostile pages, of one
mebibyte at most, are each the worst of their kind: those that a limit stops, and those that keep
every limit and cost the checker most. How long the parser takes to answer or to refuse is measured
apart from the check of what it read. The pace of the machine is told first, as the time of a fixed
loop in plain Python. Exits with 1 if a bound is broken.
"""

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from figures import Figure, show
from language_costs import costly
from language_pages import STEPS_A_ROUND, full_page, hostile, workflow
from pace import pace

from planner.registry import Registry
from spec import Source, SpecError, Vocabulary, load, read

ROOT = Path(__file__).resolve().parents[1]
ENGINES = frozenset({"inline", "embedding", "vector", "llm"})
STEPS = 100
TIMES = 20
ROUNDS = 2


def main(*, every: bool) -> None:
    """Measure everything and print it; with `every`, each hostile page too."""
    print(pace())
    vocabulary = Registry.from_folder(ROOT / "workflows/modules", ENGINES).vocabulary()
    pages = [*hostile(), *costly()]
    figures = [*usual(vocabulary), *memory(vocabulary, pages), *worst(vocabulary, pages, every)]
    sys.exit(not show(figures))


def usual(vocabulary: Vocabulary) -> Iterator[Figure]:
    """Read and check what authors write."""
    steps = workflow(STEPS // STEPS_A_ROUND)
    gc.collect()
    taken = [_seconds_to_load(steps, vocabulary) for _ in range(TIMES)]
    what = f"{STEPS} steps, {len(steps.data) // 1024} KiB, read and checked (median of {TIMES})"
    yield Figure(what, statistics.median(taken) * 1000, 15, "ms")
    page = full_page()
    taken = [_seconds_to_load(page, vocabulary) for _ in range(3)]
    size = len(page.data) / (1 << 20)
    yield Figure(
        f"{size:.2f} MiB, read and checked (median of 3)", statistics.median(taken), 1, "s"
    )


def worst(vocabulary: Vocabulary, pages: Sequence[Source], every: bool) -> Iterator[Figure]:
    """Find the hostile page that takes longest to read, and the one that takes longest in all."""
    reads = {page.name: min(_seconds_to_read(page) for _ in range(2)) for page in pages}
    loads = {page.name: _seconds_to_load(page, vocabulary) for page in pages}
    for name in sorted(reads, key=reads.__getitem__) if every else ():
        print(f"{reads[name] * 1000:8.0f} ms read {loads[name] * 1000:8.0f} ms in all  {name}")
    slowest = max(reads, key=reads.__getitem__)
    yield Figure(
        f"worst of {len(pages)} hostile pages, parser alone: {slowest}",
        reads[slowest] * 1000,
        250,
        "ms",
    )
    slowest = max(loads, key=loads.__getitem__)
    yield Figure(
        f"worst of {len(pages)} hostile pages, read and checked: {slowest}", loads[slowest], 1, "s"
    )


def memory(vocabulary: Vocabulary, pages: Sequence[Source]) -> Iterator[Figure]:
    """Load all pages, good and bad, round after round; look at what stays.

    The first round makes the room that loads need; Python's allocator keeps much of it for the
    next load. What is still in use is counted in blocks of that allocator: it may not grow from
    round to round, nor may the memory that the system says is resident.
    """
    sources = [workflow(STEPS // STEPS_A_ROUND), full_page(), *pages]
    before, blocks = _resident_mib(), [sys.getallocatedblocks()]
    highest, stays = before, [before]
    for _ in range(ROUNDS):
        for source in sources:
            _seconds_to_load(source, vocabulary)
            highest = max(highest, _resident_mib())
        gc.collect()
        stays.append(_resident_mib())
        blocks.append(sys.getallocatedblocks())
    loads = f"{ROUNDS} rounds of {len(sources)} loads"
    yield Figure(f"memory that stays after {loads}", stays[-1] - before, 50, "MiB")
    resident = ", ".join(f"{each:.0f}" for each in stays[1:])
    more = ", ".join(f"{after - first:+}" for first, after in pairwise(blocks))
    print(f"memory: {before:.0f} MiB before, {highest:.0f} at most, after each round {resident}")
    print(f"blocks in use: {blocks[0]} before, by each round {more}")


def _seconds_to_load(source: Source, vocabulary: Vocabulary) -> float:
    began = time.process_time()
    try:
        load(source, vocabulary)
    except SpecError as error:
        str(error)
    return time.process_time() - began


def _seconds_to_read(source: Source) -> float:
    began = time.process_time()
    try:
        read(source)
    except SpecError as error:
        str(error)
    return time.process_time() - began


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", action="store_true", help="print each hostile page's times")
    main(every=parser.parse_args().every)
