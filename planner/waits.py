"""What a step waits for: the first name of every path in it, however deep in blocks."""

from collections.abc import Collection, Iterator, Mapping

from spec.model import Block, Document, Fold, Loop, Reduce, Step, Use
from spec.values import Name, Value, leaves


def needs(step: Step, modules: Mapping[str, Document]) -> set[str]:
    """Return the names that `step` reads, and the steps that it comes after.

    What steps inside it read is among them, but for each other: one of them may be called like the
    step that it is inside of.
    """
    own = own_names(step, modules)
    found = set(step.after)
    for each in step.parameters:
        found |= _first_names(each.value) - set(own.get(each.name, ()))
    for value in control_values(step):
        found |= _first_names(value)
    if isinstance(step.body, Block):
        for inner in step.body.steps:
            found |= needs(inner, modules)
        found -= {inner.id for inner in step.body.steps}
    return found


def own_names(step: Step, modules: Mapping[str, Document]) -> Mapping[str, Collection[str]]:
    """Return, for each prompt that `step` hands over, the names it has besides its caller's."""
    if not isinstance(step.body, Use):
        return {}
    return {each.id: each.names for each in modules[step.body.module].inputs if each.names}


def _first_names(value: Value) -> set[str]:
    return {leaf.id for leaf in leaves(value) if isinstance(leaf, Name)}


def control_values(step: Step) -> Iterator[Value]:
    """Yield what the control keys of `step` read, and the values of its block."""
    control = step.control
    found = [control.condition, control.otherwise, control.fallback]
    if control.over is not None:
        found.append(control.over.items)
    if isinstance(control.over, Fold | Reduce):
        found.append(control.over.start)
    if isinstance(control.over, Reduce):
        found.append(control.over.fan_in)
    if isinstance(step.body, Block):
        found += [output.value for output in step.body.outputs]
        found += _of_loop(step.body.loop) if step.body.loop else []
    yield from (value for value in found if value is not None)


def _of_loop(loop: Loop) -> list[Value | None]:
    return [loop.max, loop.until, *(value for _, value in (*loop.start, *loop.next))]
