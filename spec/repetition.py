"""How often the body of a step runs where the page itself says so: loops multiply."""

from collections.abc import Mapping

from spec.limits import LOOP_BODIES_MAX
from spec.outline import Outline
from spec.report import Report
from spec.source import Pointer
from spec.values import Call, ListOf, Literal, Operation, Value


def check_repetition(report: Report, outlines: Mapping[str, Outline], around: int = 1) -> None:
    """Report loops whose bodies would run too often; `around` is how often these steps run.

    A list that only a run knows counts as one element: nothing is known of it here.
    """
    for outline in outlines.values():
        times, place = _times(outline)
        if around * times > LOOP_BODIES_MAX:
            detail = (
                f"this body would run {around * times} times, and {LOOP_BODIES_MAX} is the most"
            )
            report.at_value("too-large", place, f"{detail} (`loop_bodies_max`)")
        elif outline.block is not None:
            check_repetition(report, outline.block.steps, around * times)


def _times(outline: Outline) -> tuple[int, Pointer]:
    """Return how often the body of one step runs, and the place that says so."""
    over = outline.controls.over
    if over is not None:
        written = outline.controls.values[over]
        return _length(written.value) or 1, written.pointer
    loop = outline.block.loop if outline.block is not None else None
    if loop is not None and loop.max is not None:
        return _whole(loop.max.value) or 1, loop.max.pointer
    return 1, outline.pointer


def _length(value: Value) -> int | None:
    """Return how many elements a list has, or None where that is not on the page."""
    match value:
        case Literal(list() as items) | ListOf(items):
            return len(items)
        case Call("range", (number,)):
            return _whole(number)
        case Operation("+", operands):
            lengths = [_length(operand) for operand in operands]
            return sum(length or 0 for length in lengths)
        case _:
            return None


def _whole(value: Value) -> int | None:
    match value:
        case Literal(int() as number) if not isinstance(number, bool):
            return max(number, 0)
        case _:
            return None
