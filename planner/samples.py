"""The body of a structure before anything of it is opened: what its parts will read from outside.

Names that only a run gives a meaning stand for nothing yet. What is made here is looked at, never
run.
"""

from collections.abc import Sequence

from planner.errors import PlanTooLarge
from planner.graph import Primitive
from planner.library import Library
from planner.opener import Opener
from planner.structure import Structure
from spec.model import Block
from spec.records import record
from spec.values import Leaf

_NAMES = ("item", "position", "acc", "items", "loop")


@record
class Unopened(Leaf):
    """What a name of a body will stand for."""

    name: str


def sample(structure: Structure, library: Library) -> Sequence[Primitive]:
    """Return what one part of `structure` is about to be made of; nothing if it is too large."""
    if structure.kind == "stages":
        return ()  # it holds no step
    body, opener = structure.body, Opener(library, authored=False)
    scope = body.scope.seeing({name: Unopened(name) for name in _names(structure)})
    try:
        if structure.kind == "loop" and isinstance(body.step.body, Block):
            opener.steps(body.step.body.steps, scope, body.place)
        elif structure.kind in ("memo", "reduce"):
            opener.body(body.step, scope, body.place)
        elif structure.kind == "branch" and body.inner == "over":
            opener.over(body.step, scope, body.place)
        else:
            opener.attempts(body.step, scope, body.place)
    except PlanTooLarge:  # who opens it says so
        return ()
    return opener.primitives


def _names(structure: Structure) -> Sequence[str]:
    """Return the names that the parts of a structure have; of a branch, none of its own."""
    return () if structure.kind in ("branch", "memo") else _NAMES
