"""What a run is busy with, on a terminal: models being loaded, rows and elements that are over.

Told by the run's own events and the state of its pools; gone as soon as there is an answer to show.
"""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from executors.store.record import RunEvent


class Busy:
    """One line for each step at work. `loads` says of a pool whether its engine is yet to start."""

    def __init__(self, console: Console, loads: Callable[[str], bool]) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._loads = loads
        self._steps: dict[str, TaskID] = {}

    def event(self, event: RunEvent) -> None:
        """Show what there is to see of one event."""
        match event.kind:
            case "run.started":
                self._progress.start()
            case "step.started":
                self._started(event.data["step"], event.data["pool"])
            case "step.progress":
                self._moved(event)
            case "step.finished":
                self._over(event.data["step"])
            case "output.delta" | "run.finished":
                self.stop()

    def stop(self) -> None:
        """Take everything off the terminal; repeating it changes nothing."""
        self._progress.stop()

    def _started(self, step: str, pool: str) -> None:
        what = f"{step}: starting {pool}" if self._loads(pool) else step
        self._steps[step] = self._progress.add_task(what, total=None)

    def _moved(self, event: RunEvent) -> None:
        data = event.data
        if (task := self._steps.get(data["step"])) is not None:
            what = f"{data['step']}: {data['of']}"
            self._progress.update(
                task, description=what, completed=data["done"], total=data["total"]
            )

    def _over(self, step: str) -> None:
        if (task := self._steps.pop(step, None)) is not None:
            self._progress.remove_task(task)
