"""`plan: {off: [...], on: [...]}`, on a page or in the body of a request: names, each told once."""

from collections.abc import Collection

from spec.problems import echo, nearest, quoted
from spec.report import Report
from spec.source import Pointer

KEYS = ("off", "on")


def check_passes(report: Report, pointer: Pointer, known: Collection[str]) -> None:
    """Report what is wrong with the choice at `pointer`; `known` are the passes there are."""
    plan = report.tree.at(pointer)
    if not report.knows(pointer):
        return
    if not isinstance(plan, dict):
        detail = f"{echo(plan)}, where an object with `off` and `on` is wanted"
        report.at_value("wrong-type", pointer, detail)
        return
    for key in plan:
        if key not in KEYS:
            detail = f"{quoted(key)} is no key of `plan`; keys: {', '.join(KEYS)}"
            report.at_key("unknown-key", (*pointer, key), detail, nearest(key, KEYS))
    said: dict[str, str] = {}
    for key in KEYS:
        if key in plan:
            _check_names(report, (*pointer, key), known, said)


def unknown_pass(name: str, known: Collection[str]) -> tuple[str, str | None]:
    """Say that there is no pass of this name, and which one is nearest; all of them, if none is."""
    near, detail = nearest(name, known), f"there is no pass {quoted(name)}"
    return (detail if near else f"{detail}; passes: {', '.join(sorted(known))}", near)


def _check_names(
    report: Report, pointer: Pointer, known: Collection[str], said: dict[str, str]
) -> None:
    """Report what is wrong with one list of names; `said` are those of the lists before."""
    key = str(pointer[-1])
    names = report.tree.at(pointer)
    if not report.knows(pointer):
        return
    if not isinstance(names, list):
        report.at_value("wrong-type", pointer, f"{echo(names)}, where a list of names is wanted")
        return
    for index, name in enumerate(names):
        place = (*pointer, index)
        if not isinstance(name, str):
            report.at_value("wrong-type", place, f"{echo(name)}, where a name is wanted")
        elif name not in known:
            report.at_value("bad-value", place, *unknown_pass(name, known))
        elif said.setdefault(name, key) != key:
            detail = f"the pass {quoted(name)} is turned `{said[name]}` already"
            report.at_value("conflicting-keys", place, detail)
