"""Which passes a request asks for, in a body or on the command line."""

from collections.abc import Iterable

from api.problems import ApiProblem
from planner.passes.choice import NO_CHOICE, Choice
from planner.passes.names import NAMES
from spec.pass_choice import check_passes, unknown_pass
from spec.report import Report
from spec.source import Pointer


class BadPasses(Exception):
    """An option of the command line that chooses passes and cannot be used."""


def choice_at(report: Report, pointer: Pointer) -> Choice:
    """Return the choice at `pointer` of a body; what is wrong with it is reported."""
    before = len(report.problems)
    check_passes(report, pointer, NAMES)
    if len(report.problems) > before:
        return NO_CHOICE
    plan = report.tree.at(pointer)
    return Choice(frozenset(plan.get("off", ())), frozenset(plan.get("on", ())))


def choice_of_query(off: Iterable[str], on: Iterable[str]) -> Choice:
    """Return what the parameters `off` and `on` ask for. Raise `invalid-parameter`."""
    errors = []
    given = {"off": list(off), "on": list(on)}
    for key, names in given.items():
        for name in names:
            if name not in NAMES:
                detail, near = unknown_pass(name, NAMES)
                entry = {"code": "bad-value", "in": "query", "name": key, "detail": detail}
                errors.append({**entry, "hint": near})
    for name in sorted(set(given["off"]) & set(given["on"])):
        detail = f"the pass `{name}` is turned `off` already"
        errors.append({"code": "conflicting-keys", "in": "query", "name": "on", "detail": detail})
    if errors:
        raise ApiProblem("invalid-parameter", f"Not usable: {errors[0]['detail']}.", errors)
    return Choice(frozenset(given["off"]), frozenset(given["on"]))


def choice_of_options(
    off: Iterable[str], on: Iterable[str], only: Iterable[str] | None = None
) -> Choice:
    """Return what `--off`, `--on` and `--passes` ask for: names, also several with commas.

    `only` are to be on, and no others but those of `on`. Raise `BadPasses`.
    """
    turned_off, turned_on = _names("--off", off), _names("--on", on)
    for name in sorted(turned_off & turned_on):
        raise BadPasses(f"--off and --on both name {name}")
    alone = Choice() if only is None else Choice.only(_names("--passes", only))
    return Choice((alone.off | turned_off) - turned_on, (alone.on | turned_on) - turned_off)


def _names(option: str, given: Iterable[str]) -> frozenset[str]:
    found = [name.strip() for text in given for name in text.split(",") if name.strip()]
    for name in found:
        if name not in NAMES:
            detail, near = unknown_pass(name, NAMES)
            cure = f"; did you mean '{near}'?" if near else ""
            raise BadPasses(f"{option}: {detail}{cure}")
    return frozenset(found)
