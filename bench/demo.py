"""What Teola does, in ten seconds: real documents in, answers with their sources out, over REST.

Run by `make demo`. Starts the service, runs three of the applications in `workflows/examples/` and
prints what a client sees: what was asked, the answer as it streams, the passages it rests on, and
where the time went.
"""

import time

from applications import ADVANCED_RAG, CHAT_WITH_MEMORY, NAIVE_RAG
from rich.console import Console
from service import service
from telling import Teller

SHOWN = (NAIVE_RAG, ADVANCED_RAG, CHAT_WITH_MEMORY)


def main() -> None:
    """Show the demonstration."""
    began = time.monotonic()
    console = Console(width=100)
    with service() as teola:
        console.print(
            f"[bold]Teola[/] is up at {teola.address}; no GPU, no key, no language model:"
        )
        console.print("its embedded reader quotes sentences and writes none of its own.")
        teller = Teller(console, teola)
        for application in SHOWN:
            teller.tell(application)
        seconds = time.monotonic() - began
        console.print(
            f"\n[dim]Took {seconds:.1f} s in all.[/] API docs, while the service runs: "
            f"{teola.address}/docs  ([bold]make serve[/] keeps one running)"
        )


if __name__ == "__main__":
    main()
