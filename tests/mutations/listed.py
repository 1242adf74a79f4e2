"""Guards of correctness, each taken away: every one of these has to be noticed."""

from pathlib import Path

from tests.mutations.mutants import Mutant
from tests.mutations.noticing import ROOT

_PLANNER = Path("planner")
#: A file of a pass, or of what one is made with, what stands there, what is put in its place, and
#: what that breaks.
_LISTED = (
    (
        "passes/eliminate_common.py",
        "place = (each.op, each.pool, each.region, each.priority)",
        "place = (each.op, each.pool, each.priority)",
        "work of two regions is shared, and fails together",
    ),
    (
        "passes/eliminate_common.py",
        "return temperature == Literal(0) or (",
        "return True or (",
        "calls that throw dice are shared",
    ),
    (
        "passes/eliminate_common.py",
        "return repr([(name, value) for",
        "return repr([(name, type(value)) for",
        "work on other values is shared",
    ),
    (
        "passes/prune_dependencies.py",
        "each.ordered(each.after, frozenset()) if each.waits else each",
        "each.ordered(frozenset(), frozenset()) if each.waits else each",
        "what the author has put in order is pruned too",
    ),
    (
        "passes/eliminate_common.py",
        "return OPS[each.op].pure",
        "return each.op not in ('open', 'close')",
        "work that does something besides is done once",
    ),
    (
        "pairs.py",
        "if together != (second.region, second.step, second.priority):",
        "if False:",
        "work of two regions is done in one",
    ),
    (
        "pairs.py",
        "found = [pair for pair in found if _is_alone(pair, readers, later)]",
        "found = list(found)",
        "what others read too is taken away",
    ),
    (
        "pairs.py",
        'private = second.params.get("name", Literal(None)) == Literal(None)',
        "private = True",
        "a collection that has a name may be half written",
    ),
    (
        "passes/pipeline_decoding.py",
        "stops=source not in told",
        "stops=True",
        "a reply is cut short that is read as a whole too",
    ),
    (
        "passes/pipeline_decoding.py",
        "if decode is None or _changes_something(structure, self.library):",
        "if decode is None:",
        "what cannot be undone is done for a list that may be taken back",
    ),
    (
        "passes/split_prefill.py",
        "if at > known and known < ready and read >= least and count:",
        "if at > known and read >= least and count:",
        "what is known no sooner than the call is read ahead of it",
    ),
    (
        "passes/speculate.py",
        'return "it has effects"',
        "pass",
        "what cannot be undone is done before its condition is known",
    ),
)


def listed() -> list[Mutant]:
    """Return the mutants of the list. Raise `ValueError` for one whose guard is not there."""
    return [_mutant(*each) for each in _LISTED]


def _mutant(file: str, before: str, after: str, what: str) -> Mutant:
    path = ROOT / _PLANNER / file
    source = path.read_text()
    if source.count(before) != 1:
        raise ValueError(f"{file} has {source.count(before)} of: {before}")
    line = source[: source.index(before)].count("\n") + 1
    return Mutant(path, line, what, source.replace(before, after))
