"""Names that only the elements of a list give: what they are, and who asks for them."""

from collections.abc import Mapping
from types import MappingProxyType

from spec.model import Fold, ForEach, Reduce, Step
from spec.values import Name, leaves

_NAMES: Mapping[type, tuple[str, ...]] = MappingProxyType(
    {ForEach: ("item", "position"), Fold: ("item", "position", "acc"), Reduce: ("items",)}
)
#: All of them.
ELEMENT_NAMES = frozenset(name for names in _NAMES.values() for name in names)


def names_of(over: ForEach | Fold | Reduce | None) -> tuple[str, ...]:
    """Return the names that a body has of what it goes over."""
    return () if over is None else _NAMES[type(over)]


def asked_each(step: Step) -> bool:
    """Whether the condition is asked about each element: it reads a name that elements give."""
    condition, over = step.control.condition, step.control.over
    if condition is None or isinstance(over, Reduce):
        return False
    own = names_of(over)
    return any(isinstance(leaf, Name) and leaf.id in own for leaf in leaves(condition))
