"""How a run looks in a terminal: its answer as it comes, its sources, and where the time went."""

import json
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from executors.store.record import RunEvent, RunRecord
from spec.model import Document

_LINE_CHARS = 96


class Show:
    """Writes one run to a terminal."""

    def __init__(self, out: TextIO, document: Document) -> None:
        self._out = out
        self._console = Console(file=out, highlight=False, soft_wrap=True)
        self._several = len(document.stream) > 1
        self._open: str | None = None
        self._streamed: set[str] = set()

    def event(self, event: RunEvent) -> None:
        """Show what there is to see of one event."""
        if event.kind == "output.delta":
            self._delta(event.data["output"], event.data["text"])
        elif event.kind == "output.restarted":
            self._restart(event.data["output"])

    def end(self, run: RunRecord) -> None:
        """Show what was not streamed, why it failed if it did, and the table."""
        self._close()
        for output, value in run.outputs.items():
            if output not in self._streamed:
                self._value(output, value)
        if run.problem:
            self._problem(run)
        self._cut(run)
        self._console.print(_table(run))

    def _delta(self, output: str, text: str) -> None:
        if output != self._open:
            self._close()
            if self._several:
                self._out.write(f"{output}: ")
        self._open = output
        self._streamed.add(output)
        self._out.write(text)
        self._out.flush()

    def _restart(self, output: str) -> None:
        """Leave what was shown where it is, and show the output anew, or in the end."""
        self._close()
        self._streamed.discard(output)
        self._console.print(Text(f"{output}: begun anew\n", style="dim"))

    def _close(self) -> None:
        if self._open is not None:
            self._out.write("\n\n")
        self._open = None

    def _value(self, output: str, value: Any) -> None:
        self._console.print(Text(f"{output}:", style="bold"))
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            for number, item in enumerate(value, 1):
                self._console.print(Text(f"  [{number}] {_brief(item)}"))
        else:
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            self._console.print(Text(f"  {shown}"))
        self._console.print()

    def _cut(self, run: RunRecord) -> None:
        for step in run.steps.values():
            if (replies := step.usage.replies_cut) > 0:
                were = "1 reply was" if replies == 1 else f"{replies} replies were"
                told = f"{step.id}: {were} cut off at the most tokens it may have (`max_tokens`)"
                self._console.print(Text(told, style="yellow"))

    def _problem(self, run: RunRecord) -> None:
        problem = run.problem or {}
        where = f"{problem['source']}:{problem['line']}: " if "line" in problem else ""
        text = f"{run.status}: {where}{problem.get('detail', '')}"
        self._console.print(Text(text, style="red"))


def _brief(item: dict[str, Any]) -> str:
    text = " ".join(str(item.get("text", "")).split())
    facts = [str(item["source"])] if item.get("source") else []
    if item.get("score") is not None:
        facts.append(f"{item['score']:.3f}")
    line = " · ".join([*facts, text]) if text else json.dumps(item, ensure_ascii=False)
    return line if len(line) <= _LINE_CHARS else f"{line[: _LINE_CHARS - 1]}…"


def _table(run: RunRecord) -> Table:
    table = Table(title=f"{run.id} {run.status} in {run.duration_ms or 0:.0f} ms")
    for heading in ("step", "engine", "model"):
        table.add_column(heading)
    for heading in ("queue ms", "batch ms", "execution ms"):
        table.add_column(heading, justify="right")
    for step in run.steps.values():
        times = (step.queue_ms, step.batch_ms, step.execution_ms)
        shown = (f"{time:.1f}" for time in times)
        table.add_row(step.id, step.engine or step.status, step.model or "", *shown)
    return table
