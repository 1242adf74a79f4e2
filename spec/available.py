"""What the language has and nothing here can run yet. Delete a key to make it available."""

from collections.abc import Iterator

from spec.model import Document, all_steps
from spec.problems import Problem, problem_at, quoted
from spec.source import Page, Position

_LATER = (
    "flow", "steps", "outputs", "loop", "if", "else", "for_each", "max_parallel", "on_error",
    "collect", "fold", "reduce", "start", "fan_in", "retry", "timeout", "fallback", "cache",
)  # fmt: skip


def is_available(document: Document) -> bool:
    """Whether everything that a checked document asks for can be run."""
    steps = all_steps(document.steps)
    return not any(key in _LATER for step in steps for key in step.control.places)


def not_available(document: Document, page: Page) -> Iterator[Problem]:
    """Yield a problem for each key of a checked document that cannot be run; `page` is its own."""
    for step in all_steps(document.steps):
        for key, origin in step.control.places.items():
            if key in _LATER:
                position = Position(origin.line, origin.column)
                pointer = (*_pointer(step.origin.pointer), key)
                detail = f"{quoted(key)} is not available yet"
                yield problem_at(page, "unknown-key", pointer, position, detail)


def _pointer(text: str) -> tuple[str, ...]:
    return tuple(text.split("/")[1:])  # ids hold nothing that a pointer has to escape
