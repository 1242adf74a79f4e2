"""What decides the result of a body: what it is, and all that it reads from where it stands.

Two bodies that are equal in both may share one result.
"""

from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from typing import TypeAlias

from planner.elements import asked_each, names_of
from planner.library import Library
from planner.scope import Scope
from planner.waits import own_names
from spec.model import Block, Document, Flow, Fold, ForEach, Op, Reduce, Step, Use
from spec.values import Member, Name, Value, parts

#: Operations that change something outside the run, or make what ends with it.
_EFFECTS = frozenset({"ingest", "http", "tool"})
#: A name that is read, with the path that it begins.
Read: TypeAlias = tuple[str, Value]


def identity(step: Step, engine: str | None, library: Library) -> str:
    """Return the hash of what a body does: its text, and every document and pool that it names."""
    called = sorted(set(_called(step, library)))
    pools = sorted(library.pools.default.items())
    return sha256(repr((step.body, step.parameters, engine, called, pools)).encode()).hexdigest()


def has_effects(step: Step, library: Library) -> bool:
    """Whether a body does something besides giving its result, however deep inside."""
    bodies = (each.body for each in all_inside(step, library))
    return any(isinstance(body, Op) and body.name in _EFFECTS for body in bodies)


def all_inside(step: Step, library: Library) -> Iterator[Step]:
    """Yield `step` and every step in its body, however deep."""
    yield step
    match step.body:
        case Use(name):
            inside = library.modules[name].steps
        case Flow(name, version):
            inside = library.flows[name, version].steps
        case Block(steps):
            inside = steps
        case _:
            return
    for inner in inside:
        yield from all_inside(inner, library)


def paths_read(step: Step, modules: Mapping[str, Document], scope: Scope) -> list[Value]:
    """Return what the body of `step` reads of `scope`: fields of steps, inputs, elements."""
    found = dict.fromkeys(path for name, path in _of_body(step, modules) if _is_in(name, scope))
    return list(found)


def _is_in(name: str, scope: Scope) -> bool:
    return name == "inputs" or name in scope.elements or name in scope.steps


def _of_body(step: Step, modules: Mapping[str, Document]) -> Iterator[Read]:
    """Yield what a body reads, but for what has a meaning of its own inside it."""
    own = own_names(step, modules)
    for each in step.parameters:
        yield from _but(own.get(each.name, ()), _paths(each.value))
    if isinstance(step.body, Block):
        inside = {inner.id for inner in step.body.steps}
        if (loop := step.body.loop) is not None:
            inside.add("loop")
            yield from _of_values(loop.max, *(value for _, value in loop.start))
        yield from _but(inside, _of_block(step.body, modules))


def _of_block(block: Block, modules: Mapping[str, Document]) -> Iterator[Read]:
    yield from _of_values(*(output.value for output in block.outputs))
    if block.loop is not None:
        yield from _of_values(block.loop.until, *(value for _, value in block.loop.next))
    for step in block.steps:
        control = step.control
        over = control.over
        own = names_of(over)
        yield from _of_values(*_of_list(over))
        yield from _but(own, _of_values(control.condition))
        yield from _but(own if asked_each(step) else (), _of_values(control.otherwise))
        yield from _but(() if isinstance(over, Reduce) else own, _of_values(control.fallback))
        yield from _but(own, _of_body(step, modules))


def _of_list(over: ForEach | Fold | Reduce | None) -> Iterator[Value | None]:
    """Yield what says which elements there are; none of it knows them."""
    match over:
        case ForEach(items):
            yield items
        case Fold(items, start):
            yield from (items, start)
        case Reduce(items, fan_in, start):
            yield from (items, fan_in, start)


def _of_values(*values: Value | None) -> Iterator[Read]:
    for value in values:
        if value is not None:
            yield from _paths(value)


def _but(own: Collection[str], found: Iterator[Read]) -> Iterator[Read]:
    return (read for read in found if read[0] not in own)


def _paths(value: Value) -> Iterator[Read]:
    """Yield every name that is read, with the key that is read of it, where that is written."""
    match value:
        case Member(Name(id), str()) | Name(id):
            yield id, value
        case _:
            for part in parts(value):
                yield from _paths(part)


def _called(step: Step, library: Library) -> Iterator[tuple[str, str]]:
    match step.body:
        case Use(name):
            yield from _inside(library.modules[name], library)
        case Flow(name, version):
            yield from _inside(library.flows[name, version], library)
        case Block(steps):
            for inner in steps:
                yield from _called(inner, library)


def _inside(document: Document, library: Library) -> Iterator[tuple[str, str]]:
    yield document.name, document.version
    for step in document.steps:
        yield from _called(step, library)
