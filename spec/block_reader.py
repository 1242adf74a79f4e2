"""The keys of a block and of its loop, read. The steps in it are for `spec.steps`."""

from collections.abc import Iterator, Mapping

from spec.names import LOOP_FIELDS, LOOP_KEYS, is_id
from spec.outline import LoopOutline
from spec.problems import echo, nearest, quoted
from spec.report import Report
from spec.source import Pointer
from spec.values import JSON
from spec.written import Written, read_value

NEEDED_LOOP_KEYS = ("max", "start", "next")


def is_filled(report: Report, pointer: Pointer) -> bool:
    """Whether there is an object with something in it at `pointer`; report it if there is none."""
    written = report.tree.at(pointer)
    if not isinstance(written, dict):
        if report.knows(pointer):
            detail = f"{echo(written)}, where an object is wanted"
            report.at_value("wrong-type", pointer, detail)
        return False
    if not written and report.knows(pointer):
        detail = f"{quoted(str(pointer[-1]))} has to have something in it"
        report.at_value("bad-value", pointer, detail)
    return True


def check_id(report: Report, pointer: Pointer, reserved: tuple[str, ...] = ()) -> None:
    """Report a key that is no id, or one that means something else."""
    id = str(pointer[-1])
    if not is_id(id):
        detail = (
            f"{quoted(id)} is not of the form of an id: a-z, 0-9 and _, a letter first, at most 64"
        )
        report.at_key("bad-name", pointer, detail)
    elif id in reserved:
        detail = f"{quoted(id)} already means something in expressions"
        report.at_key("bad-name", pointer, detail)


def read_outputs(report: Report, pointer: Pointer) -> dict[str, Written]:
    """Read the outputs at `pointer`, of a document or of a block."""
    if not is_filled(report, pointer):
        return {}
    found: dict[str, Written] = {}
    for id in report.tree.at(pointer):
        check_id(report, (*pointer, id))
        found[id] = read_value(report, (*pointer, id))
    return found


def check_block_keys(report: Report, pointer: Pointer, written: Mapping[str, JSON]) -> None:
    """Report a block without outputs, with both outputs and a loop, or that is given inputs."""
    both = [key for key in written if key in ("outputs", "loop")]
    if not both:
        detail = f"the block {quoted(str(pointer[-1]))} has no `outputs`"
        report.at_key("missing-key", pointer, detail)
    elif len(both) > 1:
        detail = "a loop gives its state, so it has no `outputs`"
        report.at_key("conflicting-keys", (*pointer, both[1]), detail)


def read_loop(report: Report, pointer: Pointer) -> LoopOutline:
    """Read the loop at `pointer`."""
    written = report.tree.at(pointer)
    if not is_filled(report, pointer) or not written:
        return LoopOutline(pointer)
    for key in written:
        if key not in LOOP_KEYS:
            detail = f"{quoted(key)} is no key of `loop`; keys: {', '.join(LOOP_KEYS)}"
            report.at_key("unknown-key", (*pointer, key), detail, nearest(key, LOOP_KEYS))
    for key in NEEDED_LOOP_KEYS:
        if key not in written and report.knows(pointer):
            report.at_key("missing-key", pointer, f"`loop` has no {quoted(key)}")
    start = dict(_fields(report, (*pointer, "start"))) if "start" in written else {}
    for name in start:
        check_id(report, (*pointer, "start", name))
        if name in LOOP_FIELDS:
            detail = f"{quoted(name)} is what every loop gives besides its state"
            report.at_key("bad-name", (*pointer, "start", name), detail)
    return LoopOutline(
        pointer=pointer,
        max=read_value(report, (*pointer, "max")) if "max" in written else None,
        start=start,
        until=read_value(report, (*pointer, "until")) if "until" in written else None,
        next=dict(_fields(report, (*pointer, "next"))) if "next" in written else {},
    )


def _fields(report: Report, pointer: Pointer) -> Iterator[tuple[str, Written]]:
    if is_filled(report, pointer):
        for name in report.tree.at(pointer):
            yield name, read_value(report, (*pointer, name))
