"""What Teola does, in ten seconds: real documents in, answers with their sources out, over REST.

Run by `make demo`. Starts the service, uploads three documents, asks two questions and prints what
a client sees: the answer as it streams, the passages it rests on, and where the time went.
"""

import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from service import ROOT, Service, service

DOCUMENTS = Path(__file__).parent / "corpus/demo"
QUESTIONS = (
    "Why did rock lighthouses start having three keepers instead of two?",
    "What made Voyager 1 send back gibberish in 2023?",
)


def main() -> None:
    """Show the demonstration."""
    began = time.monotonic()
    console = Console(width=100)
    with service() as teola:
        console.print(f"[bold]Teola[/] is up at {teola.address}")
        workflow = teola.put_workflow(ROOT / "workflows/examples/naive_rag.yaml")
        console.print(f"PUT  /v1/workflows/{workflow}")
        files = []
        for path in sorted(DOCUMENTS.iterdir()):
            if path.suffix == ".json":
                continue
            file = teola.upload(path)
            files.append({"id": file["id"]})
            console.print(f"POST /v1/files  {file['name']}  ({file['media_type']})")
        for question in QUESTIONS:
            ask(console, teola, workflow, {"documents": files, "question": question})
        seconds = time.monotonic() - began
        console.print(
            f"\n[dim]Took {seconds:.1f} s in all.[/] API docs, while the service runs: "
            f"{teola.address}/docs  ([bold]make serve[/] keeps one running)"
        )


def ask(console: Console, teola: Service, workflow: str, inputs: dict[str, object]) -> None:
    """Ask one question; print the answer as it comes, then its sources and its times."""
    console.print(f"\n[bold cyan]Q[/] {inputs['question']}\n[bold green]A[/] ", end="")
    steps = Table("step", "engine", "queue ms", "batch ms", "execution ms", "tokens in / out")
    for event in teola.stream(workflow, inputs):
        data = event.data
        if event.kind == "output.delta":
            console.print(data["text"], end="", markup=False, highlight=False)
        elif event.kind == "step.finished":
            usage = data["usage"]
            times = [f"{data[part]:.1f}" for part in ("queue_ms", "batch_ms", "execution_ms")]
            tokens = f"{usage['tokens_in']} / {usage['tokens_out']}"
            steps.add_row(data["step"], data["engine"], *times, tokens)
        elif event.kind == "run.finished":
            if data["status"] != "succeeded":
                sys.exit(f"\nthe run has {data['status']}: {data['problem']}")
            finish(console, data, steps)


def finish(console: Console, data: dict[str, object], steps: Table) -> None:
    """Print what the answer rests on, and the table of times."""
    console.print()
    outputs = data["outputs"]
    assert isinstance(outputs, dict)
    for number, doc in enumerate(outputs["sources"][:3], 1):
        text = " ".join(doc["text"].split())
        line = f"  [{number}] {doc['source']}  score {doc['score']:.3f}  {text}"
        console.print(line[: console.width - 1] + "…", style="dim", markup=False, highlight=False)
    console.print(steps)
    console.print(f"[dim]{data['duration_ms']:.0f} ms from acceptance to answer[/]")


if __name__ == "__main__":
    main()
