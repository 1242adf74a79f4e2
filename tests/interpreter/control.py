"""The control keys of a step: whether its body runs, how often, and what stands in for it.

Where the page leaves a choice: the condition, the list, `start`, `else` and `fallback` are not the
body, so when one of them fails the step's own `retry` and `fallback` do not act; `on_error` does,
for those that are asked about an element. All of a `loop` is its body, and all of a `reduce` but
the list and `start`. A retry does the whole body again.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from spec.kinds import kind_of
from spec.meter import Fault as Unequal
from spec.meter import Meter
from spec.model import Block, Control, Fold, ForEach, Reduce, Step
from spec.sameness import same_key
from spec.values import JSON, Name, Value, leaves
from tests.interpreter.clock import Expired
from tests.interpreter.here import Here
from tests.interpreter.outcome import Failure

if TYPE_CHECKING:
    from tests.interpreter.interpreter import Run

Fields = dict[str, JSON]
ROUNDS_MAX = 100


def controlled(run: "Run", step: Step, here: Here) -> Fields:
    """Run `step` as its control keys say; return its fields."""
    control = step.control
    names = run.fields(step)
    if not asked_each(control) and not holds(run, control.condition, here):
        return _else(run, control.otherwise, names, here)
    match control.over:
        case ForEach():
            return for_each(run, step, control.over, here)
        case Fold():
            return fold(run, step, control.over, here)
        case Reduce():
            return reduce(run, step, control.over, here)
        case None:
            return attempts(run, step, here, lambda again: run.body(step, again))


def asked_each(control: Control) -> bool:
    """Whether the condition is asked about each element: it reads a name the element gives."""
    own = {ForEach: ("item", "position"), Fold: ("item", "position", "acc")}
    read = own.get(type(control.over), ())
    return control.condition is not None and any(
        isinstance(leaf, Name) and leaf.id in read for leaf in leaves(control.condition)
    )


def holds(run: "Run", condition: Value | None, here: Here) -> bool:
    """Whether a condition, if there is one, is true; null counts as false."""
    if condition is None:
        return True
    found = _truth(run, condition, here)
    run.fired["if taken" if found else "if refused"] += 1
    return found


def instead(run: "Run", given: Value | None, names: Sequence[str], here: Here) -> Fields:
    """Return the fields that `else` or `fallback` gives; what it does not name is null."""
    found = {} if given is None else run.value(given, here)
    return {name: found.get(name) for name in names}


def attempts(run: "Run", step: Step, here: Here, body: Callable[[Here], Fields]) -> Fields:
    """Do `body`, again after transient faults, in time; what `fallback` gives if it still fails."""
    control = step.control
    run.fired["cache"] += control.cache_ms is not None
    with run.clock.within(control.timeout_ms) as deadline:
        try:
            return _retried(run, control, here, body)
        except Expired as expired:
            if expired.deadline is not deadline:
                raise
            run.fired["timeout"] += 1
            failure = here.failure("timed-out", f"longer than {control.timeout_ms} ms")
        except Failure as error:
            failure = error
    if control.fallback is None:
        raise failure
    run.fired["fallback"] += 1
    return instead(run, control.fallback, run.fields(step), here)


def for_each(run: "Run", step: Step, over: ForEach, here: Here) -> Fields:
    """Run the body once per element; each field becomes a list."""
    items = _list(run, over.items, here)
    names = run.fields(step)
    run.fired["for_each"] += 1
    run.fired["for_each of nothing"] += not items
    rows: list[Fields] = []
    lanes = run.lanes(len(items), over.max_parallel)
    for position, item in enumerate(items):
        element = here.element(position, {"item": item})
        with lanes.next():
            rows += _row(run, step, over, element, names)
    lanes.join()
    columns = {name: [row[name] for row in rows] for name in names}
    if over.collect is not None:
        run.fired["collect"] += 1
        columns[over.collect] = collected(columns[over.collect], here)
    return columns


def fold(run: "Run", step: Step, over: Fold, here: Here) -> Fields:
    """Run the body for one element after another, each seeing what the one before gave."""
    items, acc = _list(run, over.items, here), run.value(over.start, here)
    (only,) = run.fields(step)
    run.fired["fold"] += 1
    run.fired["fold of nothing"] += not items
    for position, item in enumerate(items):
        element = here.element(position, {"item": item, "acc": acc})
        run.fired["fold element"] += 1
        if not asked_each(step.control) or holds(run, step.control.condition, element):
            acc = attempts(run, step, element, lambda again: run.body(step, again))[only]
    return {only: acc}


def reduce(run: "Run", step: Step, over: Reduce, here: Here) -> Fields:
    """Run the body for groups of elements, then for groups of what it gave, until one is left."""
    items = _list(run, over.items, here)
    start = None if over.start is None else run.value(over.start, here)
    fan_in = run.value(over.fan_in, here)
    if type(fan_in) is not int or fan_in < 2:
        raise here.failure("bad-value", f"`fan_in` is {fan_in!r}, not an integer from 2")
    (only,) = run.fields(step)
    run.fired["reduce"] += 1
    run.fired["reduce of nothing"] += not items

    def tree(again: Here) -> Fields:
        if not items and over.start is None:
            raise here.failure("bad-value", "`reduce` of an empty list, without `start`")
        level = items or [start]
        while len(level) > 1:
            level = _level(run, step, level, fan_in, again)
        return {only: level[0]}

    return attempts(run, step, here, tree)


def rounds(run: "Run", block: Block, here: Here) -> Fields:
    """Run the steps of a block round after round."""
    loop = block.loop
    assert loop is not None
    most = run.value(loop.max, here)
    if type(most) is not int or not 1 <= most <= ROUNDS_MAX:
        raise here.failure("bad-value", f"`max` is {most!r}, not an integer from 1 to {ROUNDS_MAX}")
    state = {name: run.value(value, here) for name, value in loop.start}
    run.fired["loop"] += 1
    done, count = False, 0
    while not done and count < most:
        inner = run.steps(block.steps, here.seeing({"loop": state}))
        state = {name: run.value(value, inner) for name, value in loop.next}
        inner = inner.seeing({"loop": state})
        done = loop.until is not None and _truth(run, loop.until, inner)
        count += 1
        run.fired["round"] += 1
    run.fired["until"] += done
    return {**state, "rounds": count, "done": done or loop.until is None}


def collected(lists: Iterable[JSON], here: Here) -> list[JSON]:
    """Return one list of all elements, nulls left out, and of those that are the same the first."""
    first: dict[object, JSON] = {}
    for part in lists:
        if part is not None and kind_of(part) != "list":
            raise here.failure("wrong-type", "`collect` joins lists, and an element gave none")
        for item in part or ():
            if item is not None:
                first.setdefault(_key(item, here), item)
    return list(first.values())


def _else(run: "Run", given: Value | None, names: Sequence[str], here: Here) -> Fields:
    run.fired["else"] += given is not None
    return instead(run, given, names, here)


def _retried(run: "Run", control: Control, here: Here, body: Callable[[Here], Fields]) -> Fields:
    for attempt in range(control.retry + 1):
        try:
            found = body(here.again(attempt))
            run.fired["retry cured"] += attempt > 0
            return found
        except Failure as failure:
            if not failure.trouble.transient or attempt == control.retry:
                raise
            run.fired["retry"] += 1
    raise AssertionError("the last attempt gives or raises")


def _row(
    run: "Run", step: Step, over: ForEach, element: Here, names: Sequence[str]
) -> list[Fields]:
    """Return the fields of one element; of one that failed for good, what `on_error` leaves."""
    control = step.control
    run.fired["for_each element"] += 1
    try:
        if asked_each(control) and not holds(run, control.condition, element):
            return [_else(run, control.otherwise, names, element)]
        return [attempts(run, step, element, lambda again: run.body(step, again))]
    except Failure:
        if over.on_error == "fail":
            raise
        run.fired[f"on_error {over.on_error}"] += 1
        return [] if over.on_error == "drop" else [dict.fromkeys(names)]


def _level(run: "Run", step: Step, level: Sequence[JSON], fan_in: int, here: Here) -> list[JSON]:
    groups = [level[first : first + fan_in] for first in range(0, len(level), fan_in)]
    found = []
    lanes = run.lanes(len(groups))
    for group in groups:
        run.fired["reduce group"] += 1
        run.fired["reduce group of one"] += len(group) == 1
        with lanes.next():
            found.append(group[0] if len(group) == 1 else _reduced(run, step, group, here))
    lanes.join()
    return found


def _reduced(run: "Run", step: Step, group: Sequence[JSON], here: Here) -> JSON:
    (value,) = run.body(step, here.seeing({"items": list(group)})).values()
    return value


def _list(run: "Run", value: Value, here: Here) -> list[JSON]:
    found = run.value(value, here)
    if kind_of(found) != "list":
        raise here.failure("wrong-type", f"what is gone over is {kind_of(found)}, not a list")
    items: list[JSON] = found
    return items


def _truth(run: "Run", condition: Value, here: Here) -> bool:
    found = run.value(condition, here)
    if kind_of(found) not in ("boolean", "null"):
        raise here.failure("wrong-type", f"a condition is {kind_of(found)}, not a boolean")
    return bool(found)


def _key(item: JSON, here: Here) -> object:
    try:
        return same_key(item, Meter())
    except Unequal as fault:
        raise here.failure(fault.code, fault.detail) from None
