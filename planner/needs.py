"""Which kinds of pools a document needs, itself and by the modules it uses."""

from collections.abc import Collection, Iterator, Mapping

from planner.primitives import OPS
from spec.model import Document, Op, Step, Use, all_steps
from spec.problems import Problem, problem_at, quoted
from spec.source import Tree


def kinds_needed(document: Document, modules: Mapping[str, Document]) -> frozenset[str]:
    """Return the kinds of pools without which `document` cannot be run."""
    known: dict[str, frozenset[str]] = {}
    return frozenset().union(*(kinds for _, kinds in _by_step(document, modules, known)))


def unserved(
    document: Document,
    modules: Mapping[str, Document],
    kinds: Collection[str],
    cures: Mapping[str, str],
    tree: Tree,
) -> list[Problem]:
    """Return a problem for each step of `document`, read from `tree`, that needs a kind of pool
    beyond `kinds`; `cures` says for each kind what an operator can do.
    """
    found = []
    for step, needed in _by_step(document, modules, {}):
        for kind in sorted(needed - set(kinds)):
            pointer = (*step.origin.pointer.split("/")[1:], "use")
            name = step.body.module if isinstance(step.body, Use) else kind
            detail = f"{quoted(name)} needs an engine of the kind {kind}, and there is none"
            detail += f": {cures[kind]}" if kind in cures else ""
            position = tree.value_position(pointer)
            found.append(problem_at(tree.page, "unknown-engine", pointer, position, detail))
    return found


def _by_step(
    document: Document, modules: Mapping[str, Document], known: dict[str, frozenset[str]]
) -> Iterator[tuple[Step, frozenset[str]]]:
    for step in all_steps(document.steps):
        match step.body:
            case Use(name):
                if name not in known:
                    inside = _by_step(modules[name], modules, known)
                    known[name] = frozenset().union(*(kinds for _, kinds in inside))
                yield step, known[name]
            case Op(name):
                yield step, frozenset({OPS[name].kind})
