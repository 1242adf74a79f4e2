"""What control constructs, many runs at once and indexing cost beyond the engines' own work.

Run by `make bench-constructs`. Each part is measured in a process of its own. Exits with 1 if a
bound is broken.

The elements: a `for_each` over 10,000 words whose body is one `llm` call on a scripted engine that
answers at once. Time is processor time, less what the same engine takes when a plain loop puts the
same calls to it. Memory is the most that the process ever held, less that of a run over half as
many, and less the elements and their results: what one element more adds.

The passages: 2,000 of 64 tokens, cut, embedded by the embedded model and put into a new index by
a service of their own, with its progress counted as a client sees it.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from figures import Figure, show
from loaded_service import load
from service import service

FOLDER = Path(__file__).resolve().parent
TIMES = 3
ELEMENTS, HALF = 10_000, 5_000
RUNS = 1_000
PASSAGES = 2_000
PASSAGE_TOKENS = 64
INDEXING = f"""
workflow: indexing
inputs: {{documents: "file[]"}}
steps:
  chunks: {{use: chunk, text: $inputs.documents, size: {PASSAGE_TOKENS}}}
  index: {{use: index, chunks: $chunks.items}}
outputs: {{passages: $len(chunks.items)}}
"""


def main() -> None:
    """Measure everything and print it."""
    sys.exit(not show([*elements(), *together(), *indexing()]))


def elements() -> Iterator[Figure]:
    """Measure what an element of a list costs."""
    many = [_elements(ELEMENTS) for _ in range(TIMES)]
    half = _elements(HALF)
    taken_s = statistics.median(each["run_s"] - each["engine_s"] for each in many)
    what = f"`for_each` over {ELEMENTS:,}: an element's overhead (median of {TIMES})"
    yield Figure(what, taken_s / ELEMENTS * 1000, 0.3, "ms")
    held = statistics.median(each["peak_bytes"] - each["value_bytes"] for each in many)
    more = held - (half["peak_bytes"] - half["value_bytes"])
    yield Figure("memory of an element beyond its values", more / HALF / 1024, 2, "KiB")


def _elements(count: int) -> dict[str, float]:
    command = [sys.executable, FOLDER / "elements.py", str(count)]
    found: dict[str, float] = json.loads(subprocess.check_output(command))
    return found


def together() -> Iterator[Figure]:
    """Ask a thousand questions at once."""
    found = asyncio.run(load("advanced_rag", RUNS))
    what = f"{RUNS:,} concurrent runs of `advanced_rag` that succeeded"
    yield Figure(what, found.succeeded, RUNS, "", most=False)
    yield Figure("memory of their service at most", found.peak_mib, 400, "MiB")
    print(f"the last of {RUNS:,} runs had finished after {found.seconds:.1f} s")


def indexing() -> Iterator[Figure]:
    """Index many passages with the embedded model, which is loaded beforehand."""
    with service() as teola, tempfile.TemporaryDirectory() as folder:
        page, text = Path(folder, "indexing.yaml"), Path(folder, "text.txt")
        page.write_text(INDEXING)
        workflow = teola.put_workflow(page)
        teola.run(workflow, {"documents": [{"name": "one.txt", "text": "Some words."}]})
        text.write_text(_text())
        file = teola.upload(text)
        began = time.monotonic()
        events = list(teola.stream(workflow, {"documents": [{"id": file["id"]}]}))
        taken_s = time.monotonic() - began
    passages = _outputs(events)["passages"]
    yield Figure(f"{passages:,} passages of {PASSAGE_TOKENS} tokens indexed", taken_s, 40, "s")
    told = sum(event.kind == "step.progress" for event in events)
    yield Figure("times that progress was told meanwhile", told, 10, "", most=False)


def _outputs(events: list[Any]) -> dict[str, Any]:
    (ended,) = (event.data for event in events if event.kind == "run.finished")
    if ended["status"] != "succeeded":
        raise SystemExit(f"the run has {ended['status']}: {ended['problem']}")
    return dict(ended["outputs"])


def _text() -> str:
    """Write sentences of eight tokens, no two alike."""
    sentences = PASSAGES * PASSAGE_TOKENS // 8
    return "".join(f"Keeper {number} lit the lamp again.\n" for number in range(sentences))


if __name__ == "__main__":
    main()
