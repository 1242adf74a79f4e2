"""A measurement beside the bound it must keep, and the table that shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement. `most`: whether the bound is an upper one."""

    what: str
    value: float
    bound: float
    unit: str
    most: bool = True

    def holds(self) -> bool:
        """Return whether the bound is kept."""
        return self.value <= self.bound if self.most else self.value >= self.bound

    def digits(self) -> int:
        """Return how many digits after the point say whether the bound is kept."""
        return 1 if self.bound >= 2 else 2


def show(figures: Sequence[Figure]) -> bool:
    """Print a table; return whether every bound is kept."""
    table = Table("what", "measured", "must be", "")
    for figure in figures:
        sign = "≤" if figure.most else "≥"
        table.add_row(
            figure.what,
            f"{figure.value:.{figure.digits()}f} {figure.unit}",
            f"{sign} {figure.bound:g} {figure.unit}",
            "ok" if figure.holds() else "BROKEN",
        )
    Console().print(table)
    return all(figure.holds() for figure in figures)
