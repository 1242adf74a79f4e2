"""In which order the steps of one map are done: what each waits for, ties by place in the file."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from spec.model import Block, Document, Output, Step, Use
from spec.values import Name, Value, leaves


def waits(steps: Sequence[Step], modules: Mapping[str, Document]) -> dict[str, frozenset[str]]:
    """Return for each step of a map, in an order in which they can be done, those it waits for."""
    ids = {step.id for step in steps}
    needs = {step.id: frozenset(_reads(step, modules)) & ids for step in steps}
    order: dict[str, frozenset[str]] = {}
    while len(order) < len(needs):
        ready = (id for id in needs if id not in order and needs[id] <= order.keys())
        id = next(ready)
        order[id] = needs[id]
    return order


def _prompt_names(step: Step, parameter: str, modules: Mapping[str, Document]) -> Collection[str]:
    """Return the names that the text of `parameter` may use besides those in scope."""
    if not isinstance(step.body, Use):
        return ()
    inputs = modules[step.body.module].inputs
    return next((each.names for each in inputs if each.id == parameter), ())


def _reads(step: Step, modules: Mapping[str, Document]) -> Iterator[str]:
    yield from step.after
    for each in step.parameters:
        own = _prompt_names(step, each.name, modules)
        yield from (name for name in _names(each.value) if name not in own)
    control = step.control
    over = control.over
    for value in (
        control.condition,
        control.otherwise,
        control.fallback,
        getattr(over, "items", None),
        getattr(over, "start", None),
        getattr(over, "fan_in", None),
    ):
        yield from _names(value)
    if isinstance(step.body, Block):
        yield from _block_reads(step.body, modules)


def _block_reads(block: Block, modules: Mapping[str, Document]) -> Iterator[str]:
    inner = {step.id for step in block.steps}
    found = [name for step in block.steps for name in _reads(step, modules)]
    found += [name for output in block.outputs for name in _output_reads(output)]
    if block.loop is not None:
        yield from _names(block.loop.max)
        for _, value in block.loop.start:
            yield from _names(value)
        found += _names(block.loop.until)
        found += [name for _, value in block.loop.next for name in _names(value)]
    yield from (name for name in found if name not in inner)


def _output_reads(output: Output) -> list[str]:
    return _names(output.value)


def _names(value: Value | None) -> list[str]:
    if value is None:
        return []
    return [leaf.id for leaf in leaves(value) if isinstance(leaf, Name)]
