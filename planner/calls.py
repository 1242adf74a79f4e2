"""Whether the calls of a module are whole: each is one request, so both its ends stand together."""

from collections.abc import Collection, Iterator, Mapping

from planner.primitives import OPS
from spec.model import Document, Op, Step, all_maps, all_steps
from spec.problems import Problem, problem_at, quoted
from spec.source import Tree
from spec.values import Member, Name

_WHOLE = "keys like `if` and `retry` go with the module's caller, or with a block around both"


def parted(document: Document, tree: Tree) -> list[Problem]:
    """Return a problem for each step of `document`, read from `tree`, that ends a call which may
    not have begun, or not once for it: it stands in another map than the call's beginning, or one
    of the two may be left out, tried again or done for each of several. What a module is handed is
    not looked at.
    """
    found = []
    known = {step.id for step in all_steps(document.steps)}
    for steps in all_maps(document.steps):
        beside = {step.id: step for step in steps}
        for step in steps:
            for detail in _faults(step, beside, known):
                pointer = (*step.origin.pointer.split("/")[1:], "call")
                position = tree.value_position(pointer)
                found.append(problem_at(tree.page, "bad-value", pointer, position, detail))
    return found


def _faults(step: Step, beside: Mapping[str, Step], known: Collection[str]) -> Iterator[str]:
    begins = OPS[step.body.name].continues if isinstance(step.body, Op) else None
    if begins is None:
        return
    for each in step.parameters:
        match each.value:
            case Member(Name(id), "call") if each.name == "call" and id in known:
                begun, ended = quoted(id), quoted(step.id)
                if id not in beside:
                    yield f"{ended} does not stand beside {begun}, whose call it ends"
                elif not (step.control.is_bare and beside[id].control.is_bare):
                    yield f"{begun} and {ended} are one request: {_WHOLE}"
