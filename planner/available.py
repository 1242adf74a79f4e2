"""What the language has and nothing here can run yet, in documents and in the modules they use.

Take a port from an operation's `later` to make it available.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from planner.primitives import OPS
from spec.codes import Code
from spec.model import Document, Op, Step, Use, all_steps
from spec.problems import Problem, problem_at, quoted
from spec.source import Pointer, Tree
from spec.values import Literal, Member, Name, Value, parts


@dataclass(frozen=True, slots=True)
class Later:
    """What of a module cannot be run yet: all of it, or what gives one of `inputs` a value."""

    whole: bool = False
    inputs: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Lack:
    """One thing in a step that cannot be run; `value` is what it is given, where it is an input."""

    code: Code
    key: str
    name: str
    value: Value | None = None

    def handed_on(self, document: Document) -> str | None:
        """Return the input of a module whose value it is, whatever its caller will give."""
        match self.value:
            case Member(Name("inputs"), str(id)) if document.kind == "module":
                return id
            case _:
                return None


def later_modules(modules: Mapping[str, Document]) -> dict[str, Later]:
    """Return what of each module cannot be run yet. No module comes to use itself."""
    found: dict[str, Later] = {}

    def visit(name: str) -> None:
        for used in uses(modules[name]) - found.keys():
            visit(used)
        found[name] = later_of(modules[name], found)

    for name in modules:
        if name not in found:
            visit(name)
    return found


def later_of(document: Document, modules: Mapping[str, Later]) -> Later:
    """Return what of a module cannot be run yet, given what of the modules it uses cannot."""
    inputs = [lack.handed_on(document) for _, lack in _all_lacks(document, modules)]
    return Later(None in inputs, frozenset(id for id in inputs if id is not None))


def not_available(document: Document, modules: Mapping[str, Later], tree: Tree) -> list[Problem]:
    """Return a problem for each thing in a checked document, read from `tree`, that cannot be run.

    What a module hands on from its callers is for them to give, and not to give.
    """
    return [
        _problem(lack, step, tree)
        for step, lack in _all_lacks(document, modules)
        if lack.handed_on(document) is None
    ]


def uses(document: Document) -> set[str]:
    """Return the names of the modules that a document uses itself."""
    return {step.body.module for step in all_steps(document.steps) if isinstance(step.body, Use)}


def is_available(document: Document, modules: Mapping[str, Later]) -> bool:
    """Whether everything that a checked document asks for can be run."""
    return not later_of(document, modules).whole


def _all_lacks(document: Document, modules: Mapping[str, Later]) -> Iterator[tuple[Step, _Lack]]:
    read = set(_fields_read(document)) if document.kind == "module" else set()
    for step in all_steps(document.steps):
        for lack in _lacks(step, modules):
            yield step, lack
        if isinstance(step.body, Op):
            ports = (id for id in OPS[step.body.name].later if (step.id, id) in read)
            for _ in ports:
                yield step, _Lack("unknown-module", "op", step.body.name)


def _fields_read(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the fields that parameters and outputs read, by step."""
    given = (each.value for step in all_steps(document.steps) for each in step.parameters)
    waiting = [*given, *(output.value for output in document.outputs)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Member) and isinstance(value.of, Name):
            yield value.of.id, str(value.key)
        waiting += parts(value)


def _lacks(step: Step, modules: Mapping[str, Later]) -> Iterator[_Lack]:
    match step.body:
        case Use(name) if modules[name].whole:
            yield _Lack("unknown-module", "use", name)
        case Use(name):
            yield from _given(step, modules[name].inputs, {})
        case Op(name):
            defaults = {each.id: each.default for each in OPS[name].signature.inputs.values()}
            yield from _given(step, OPS[name].later, defaults)


def _given(step: Step, later: frozenset[str], defaults: Mapping[str, object]) -> Iterator[_Lack]:
    for each in step.parameters:
        if each.name in later and each.value != Literal(defaults.get(each.name)):
            yield _Lack("unknown-key", each.name, each.name, each.value)


def _problem(lack: _Lack, step: Step, tree: Tree) -> Problem:
    pointer = (*_pointer(step.origin.pointer), lack.key)
    at = tree.value_position if lack.code == "unknown-module" else tree.key_position
    detail = f"{quoted(lack.name)} is not available yet"
    return problem_at(tree.page, lack.code, pointer, at(pointer), detail)


def _pointer(text: str) -> Pointer:
    return tuple(text.split("/")[1:])  # ids hold nothing that a pointer has to escape
