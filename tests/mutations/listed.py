"""Guards of correctness, each taken away: every one of these has to be noticed."""

from pathlib import Path

from tests.mutations.mutants import Mutant
from tests.mutations.noticing import ROOT

_PASSES = Path("planner/passes")
#: The file of a pass, what stands there, what is put in its place, and what that breaks.
_LISTED = (
    (
        "eliminate_common.py",
        "place = (each.op, each.pool, each.region, each.priority)",
        "place = (each.op, each.pool, each.priority)",
        "work of two regions is shared, and fails together",
    ),
    (
        "eliminate_common.py",
        "return temperature == Literal(0) or (",
        "return True or (",
        "calls that throw dice are shared",
    ),
    (
        "eliminate_common.py",
        "return repr([(name, value) for",
        "return repr([(name, type(value)) for",
        "work on other values is shared",
    ),
    (
        "prune_dependencies.py",
        "replace(each, waits=frozenset()) if each.waits else each",
        "replace(each, waits=frozenset(), after=frozenset()) if each.waits else each",
        "what the author has put in order is pruned too",
    ),
)


def listed() -> list[Mutant]:
    """Return the mutants of the list. Raise `ValueError` for one whose guard is not there."""
    return [_mutant(*each) for each in _LISTED]


def _mutant(file: str, before: str, after: str, what: str) -> Mutant:
    path = ROOT / _PASSES / file
    source = path.read_text()
    if source.count(before) != 1:
        raise ValueError(f"{file} has {source.count(before)} of: {before}")
    line = source[: source.index(before)].count("\n") + 1
    return Mutant(path, line, what, source.replace(before, after))
