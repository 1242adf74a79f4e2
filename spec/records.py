"""Records: values with named parts, which nobody changes."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Of = TypeVar("_Of")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[_Of]) -> type[_Of]:
    """Make `cls` a dataclass that is equal and hashed by its fields and never changed.

    As `dataclass(frozen=True, slots=True)` to the type checker, which sees to it. At run time
    nothing does: there are thousands for a page, and a frozen one takes four times as long to make.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
