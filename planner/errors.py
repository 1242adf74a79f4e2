"""What can go wrong between a checked document and a plan.

PlanError
├── IllegalGraph   what came out breaks a law of the graph, and is never run
├── BrokenPass     a pass made such a graph: the plan is run without passes
└── PlanTooLarge   a workflow opens into more than a plan may hold
"""

from typing import TYPE_CHECKING

from spec.model import Origin

if TYPE_CHECKING:
    from planner.draft import Draft


class PlanError(Exception):
    """Something kept a plan from being made."""


class IllegalGraph(PlanError):
    """`made_by` produced a graph with `problems`; it is never run.

    `origin` is the author's step that the first of them is about.
    """

    def __init__(
        self, made_by: str, problems: tuple[str, ...], origin: Origin | None = None
    ) -> None:
        super().__init__(f"{made_by} made an illegal graph: " + "; ".join(problems))
        self.made_by = made_by
        self.problems = problems
        self.origin = origin


class BrokenPass(PlanError):
    """The pass `name` made of the draft `before` one, `after`, that breaks the laws."""

    def __init__(
        self, name: str, before: "Draft", after: "Draft", problems: tuple[str, ...]
    ) -> None:
        super().__init__(f"the pass {name} broke a plan: " + "; ".join(problems))
        self.name = name
        self.before = before
        self.after = after
        self.problems = problems


class PlanTooLarge(PlanError):
    """A workflow passes `limit`, which is `most`; `origin` is the author's step that does."""

    def __init__(self, limit: str, most: int, origin: Origin) -> None:
        super().__init__(f"with this the plan passes {most} (`{limit}`)")
        self.limit = limit
        self.most = most
        self.origin = origin
