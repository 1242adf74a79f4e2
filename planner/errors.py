"""What can go wrong between a checked document and a plan.

PlanError
├── IllegalGraph   what came out breaks a law of the graph, and is never run
└── PlanTooLarge   a workflow opens into more than a plan may hold
"""

from spec.model import Origin


class PlanError(Exception):
    """Something kept a plan from being made."""


class IllegalGraph(PlanError):
    """`made_by` produced a graph with `problems`; it is never run."""

    def __init__(self, made_by: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"{made_by} made an illegal graph: " + "; ".join(problems))
        self.made_by = made_by
        self.problems = problems


class PlanTooLarge(PlanError):
    """A workflow passes `limit`, which is `most`; `origin` is the author's step that does."""

    def __init__(self, limit: str, most: int, origin: Origin) -> None:
        super().__init__(f"with this the plan passes {most} (`{limit}`)")
        self.limit = limit
        self.most = most
        self.origin = origin
