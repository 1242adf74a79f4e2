"""Estimates beside the runs they are held against: the table that shows them."""

from collections.abc import Mapping
from statistics import fmean

from rich.console import Console
from rich.table import Table

from tests.estimates.forecast import Forecast

COLUMNS = ("lone run, ms", "first estimate", "took", "off", "last estimate", "took", "off")


def show(title: str, found: Mapping[str, tuple[Forecast, Forecast]], error_max: float) -> bool:
    """Print the first and the last forecast of each example; return whether no last one is off by
    more than `error_max`, a share of what its runs took on average.
    """
    table = Table(*COLUMNS, "least and most", "bound", title=title)
    for name, (first, last) in found.items():
        cells = [f"{first.estimated:,.0f}", f"{fmean(first.took):,.0f}", f"{first.error:+.1%}"]
        cells += [f"{last.estimated:,.0f}", f"{fmean(last.took):,.0f}", f"{last.error:+.1%}"]
        between = f"{min(last.took):,.0f} to {max(last.took):,.0f}"
        table.add_row(name, *cells, between, f"{fmean(last.bounds):,.0f}")
    Console(width=120).print(table)
    return all(abs(last.error) <= error_max for _, last in found.values())
