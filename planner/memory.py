"""What decides the result of a body: what it is, and all that it reads from where it stands.

Two bodies that are equal in both may share one result.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256

from planner.library import Library
from planner.scope import Scope
from planner.waits import control_values, own_names
from spec.model import Block, Document, Flow, Op, Step, Use
from spec.values import Member, Name, Value, parts

#: Operations that change something outside the run, or make what ends with it.
_EFFECTS = frozenset({"ingest", "http", "tool"})


def identity(step: Step, engine: str | None, library: Library) -> str:
    """Return the hash of what a body does: its text, and every document and pool that it names."""
    called = sorted(set(_called(step, library)))
    pools = sorted(library.pools.default.items())
    return sha256(repr((step.body, step.parameters, engine, called, pools)).encode()).hexdigest()


def has_effects(step: Step, library: Library) -> bool:
    """Whether a body does something besides giving its result, however deep inside."""
    match step.body:
        case Op(name):
            return name in _EFFECTS
        case Use(name):
            inside = library.modules[name].steps
        case Flow(name, version):
            inside = library.flows[name, version].steps
        case Block(steps):
            inside = steps
    return any(has_effects(inner, library) for inner in inside)


def paths_read(step: Step, modules: Mapping[str, Document], scope: Scope) -> list[Value]:
    """Return what the body of `step` reads of `scope`: fields of steps, inputs, elements.

    One that has another meaning deeper inside may be among them: what is named too much only keeps
    two results apart that could be one.
    """
    found = dict.fromkeys(path for name, path in _of_body(step, modules) if _is_in(name, scope))
    return list(found)


def _is_in(name: str, scope: Scope) -> bool:
    return name == "inputs" or name in scope.elements or name in scope.steps


def _of_body(step: Step, modules: Mapping[str, Document]) -> Iterator[tuple[str, Value]]:
    own = own_names(step, modules)
    for each in step.parameters:
        yield from (pair for pair in _paths(each.value) if pair[0] not in own.get(each.name, ()))
    if isinstance(step.body, Block):
        for output in step.body.outputs:
            yield from _paths(output.value)
        for inner in step.body.steps:
            yield from _of_body(inner, modules)
            for value in control_values(inner):
                yield from _paths(value)
        if step.body.loop is not None:
            for value in control_values(step):
                yield from _paths(value)


def _paths(value: Value) -> Iterator[tuple[str, Value]]:
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
