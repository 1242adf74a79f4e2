"""What names look like and which ones the language keeps for itself."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from spec.limits import ID_CHARS_MAX

NAME = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)*")
ID = re.compile(r"[a-z][a-z0-9_]*")

DOCUMENT_KEYS = ("workflow", "module", "description", "inputs", "steps", "outputs")
WORKFLOW_KEYS = (*DOCUMENT_KEYS, "stream", "plan")
BODY_KEYS = ("use", "op", "flow", "steps")
CONTROL_KEYS = (
    "use", "op", "flow", "steps", "outputs", "if", "else", "for_each", "max_parallel", "on_error",
    "collect", "fold", "reduce", "start", "fan_in", "loop", "retry", "timeout", "fallback", "cache",
    "engine", "priority", "after",
)  # fmt: skip
LOOP_KEYS = ("max", "start", "until", "next")
LOOP_FIELDS = ("rounds", "done")
#: What exists in the body of a step alone, and by which keys of that step.
ELEMENT_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "item": ("for_each", "fold"),
        "items": ("reduce",),
        "position": ("for_each", "fold"),
        "acc": ("fold",),
        "loop": ("loop",),
    }
)
RESERVED_STEP_IDS = (
    "inputs", "item", "items", "position", "acc", "loop", "secret",
    "true", "false", "null", "and", "or", "not", "in",
)  # fmt: skip


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id: of a step, an input or an output."""
    return len(text) <= ID_CHARS_MAX and ID.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether `text` has the form of a workflow's or a module's name."""
    return NAME.fullmatch(text) is not None
