"""Runs as a person at a terminal sees them: what is asked, the answer as it comes, the times."""

import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from applications import DOCUMENTS, NAMES, SHELVE, Application
from rich.console import Console
from rich.table import Table
from service import Service

PASSAGES_SHOWN = 3


class Teller:
    """Uploads all documents, side by side, and tells of the runs that read them."""

    def __init__(self, console: Console, teola: Service) -> None:
        self._console = console
        self._teola = teola
        with ThreadPoolExecutor() as pool:
            uploaded = list(pool.map(lambda name: teola.upload(DOCUMENTS / name), NAMES))
        for file in uploaded:
            console.print(f"POST /v1/files  {file['name']}  ({file['media_type']})", style="dim")
        self._files = {file["name"]: {"id": file["id"]} for file in uploaded}

    def tell(self, application: Application) -> None:
        """Run an application and show it. Exit when a run does not succeed."""
        self._console.print()
        self._console.rule(f"[bold]{application.name}[/]: {application.shows}", align="left")
        workflow = self._teola.put_workflow(application.path)
        self._console.print(f"PUT  /v1/workflows/{workflow}", style="dim")
        if application.shelved:
            self._shelve(application)
        outputs: Any = None
        for turn in range(len(application.turns)):
            inputs = application.inputs(turn, self._files.__getitem__, outputs)
            outputs = self._run(workflow, inputs, str(inputs[application.asked]))

    def _shelve(self, application: Application) -> None:
        collection = application.turns[0]["collection"]
        inputs = {
            "documents": [self._files[name] for name in application.shelved],
            "collection": collection,
        }
        outputs = self._teola.run_page(SHELVE, inputs)["outputs"]
        self._console.print(
            f"POST /v1/runs  {outputs['passages']} passages into the collection '{collection}'",
            style="dim",
        )

    def _run(self, workflow: str, inputs: dict[str, Any], asked: str) -> dict[str, Any]:
        self._console.print(f"\n[bold cyan]Q[/] {asked}\n[bold green]A[/] ", end="")
        times = Table("step", "engine", "queue ms", "batch ms", "execution ms", "tokens in / out")
        for event in self._teola.stream(workflow, inputs):
            data = event.data
            if event.kind == "output.delta":
                self._console.print(data["text"], end="", markup=False, highlight=False)
            elif event.kind == "output.restarted":
                self._console.print("\n[dim]begun anew[/]")
            elif event.kind == "step.finished":
                usage = data["usage"]
                spent = [f"{data[part]:.1f}" for part in ("queue_ms", "batch_ms", "execution_ms")]
                tokens = f"{usage['tokens_in']} / {usage['tokens_out']}"
                times.add_row(data["step"], data["engine"] or data["status"], *spent, tokens)
            elif event.kind == "run.finished":
                return self._end(data, times)
        sys.exit("\nthe stream ended before the run did")

    def _end(self, data: Mapping[str, Any], times: Table) -> dict[str, Any]:
        """Show what the answer rests on and where the time went; return the outputs."""
        if data["status"] != "succeeded":
            sys.exit(f"\nthe run has {data['status']}: {data['problem']}")
        self._console.print()
        outputs: dict[str, Any] = data["outputs"]
        for name, value in outputs.items():
            if name not in ("answer", "summary", "sources", "history"):
                shown = " · ".join(value) if isinstance(value, list) else value
                self._line(f"  {name}: {shown}")
        for number, doc in enumerate(outputs.get("sources", [])[:PASSAGES_SHOWN], 1):
            text = " ".join(doc["text"].split())
            self._line(f"  [{number}] {doc['source']}  score {doc['score']:.3f}  {text}")
        self._console.print(times)
        self._console.print(f"[dim]{data['duration_ms']:.0f} ms from acceptance to answer[/]")
        return outputs

    def _line(self, text: str) -> None:
        room = self._console.width
        shown = text if len(text) <= room else f"{text[: room - 1]}…"
        self._console.print(shown, style="dim", markup=False, highlight=False)
