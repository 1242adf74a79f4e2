"""What stops one evaluation: a fault in what it is given, or a limit on what it takes or makes."""

from dataclasses import dataclass

from spec.codes import Code
from spec.limits import EVALUATION_COST_MAX, LIST_ITEMS_MAX, STRING_CHARS_MAX, TEXT_CHARS_MAX

_VISIT = 10  # looking at one value is worth as much as copying ten references
_CHARS = 16  # copied at the cost of one reference


class Fault(Exception):
    """Something that cannot be computed; `operand` counts to the one at fault, where it is one."""

    def __init__(self, code: Code, detail: str, operand: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.operand = operand


@dataclass(slots=True)
class Meter:
    """Counts what one evaluation costs; every method raises `Fault` where a limit is passed.

    Asked before the work is done, so that nothing is made which may not be. All text with slots
    together may have `chars_max` characters.
    """

    chars_max: int = TEXT_CHARS_MAX
    spent: int = 0
    written: int = 0

    def visit(self, length: int = 0) -> None:
        """Count looking at one value, at `length` characters of it."""
        self.spend(_VISIT + length // _CHARS)

    def list(self, items: int) -> None:
        """Count making a list."""
        if items > LIST_ITEMS_MAX:
            detail = f"a list of {items} would be made, and {LIST_ITEMS_MAX} is the most"
            raise Fault("too-large", f"{detail} (`list_items_max`)")
        self.spend(_VISIT + items)

    def string(self, chars: int) -> None:
        """Count making a string."""
        self.bound(chars)
        self.visit(chars)

    def bound(self, chars: int) -> None:
        """Count nothing, but refuse a string that would be too long."""
        if chars > STRING_CHARS_MAX:
            detail = f"a string of {chars} characters would be made, {STRING_CHARS_MAX} is the most"
            raise Fault("too-large", f"{detail} (`string_chars_max`)")

    def write(self, chars: int) -> None:
        """Count text that is written for good."""
        self.written += chars
        if self.written > self.chars_max:
            self.room(self.written)

    def room(self, chars: int) -> None:
        """Count nothing, but refuse text that would be too long."""
        if chars > self.chars_max:
            detail = f"more text than {self.chars_max} characters"
            raise Fault("too-large", f"{detail} (`value_bytes_max`)")

    def spend(self, cost: int) -> None:
        """Count `cost` units."""
        if self.spent + cost > EVALUATION_COST_MAX:
            detail = "there is more to compute than one value may take"
            raise Fault("too-large", f"{detail} (`evaluation_cost_max`)")
        self.spent += cost
