"""Every module there is: those that ship with the product, and those users registered as YAML.

A registry is a value. Registering makes another, in which everything still fits together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import Any

from planner.available import Later, later_modules, uses
from planner.calls import parted
from planner.passes.names import NAMES
from planner.primitives import OPS
from spec.load import load, read
from spec.model import Document
from spec.problems import SpecError
from spec.source import Source
from spec.values import JSON
from spec.vocabulary import Signature, StoredFlow, Vocabulary


@dataclass(frozen=True, slots=True)
class Registry:
    """Modules by name, each with the text it was read from. `standard` may not be replaced.

    `later` says what of each cannot be run yet.
    """

    modules: Mapping[str, Document]
    sources: Mapping[str, Source]
    standard: frozenset[str]
    engines: frozenset[str]
    later: Mapping[str, Later]

    @staticmethod
    def from_folder(folder: Path, engines: frozenset[str]) -> "Registry":
        """Read every `*.yaml` in `folder`. Raise `SpecError` for the first that is not right.

        `engines` are the pool names that documents may speak of.
        """
        sources = [
            Source(path.name, path.read_bytes(), "yaml") for path in sorted(folder.glob("*.yaml"))
        ]
        none: Mapping[str, Any] = MappingProxyType({})
        registry = Registry(none, none, frozenset(), engines, none)
        for source in _callees_first(sources):
            registry = registry.with_module(source)
        return replace(registry, standard=frozenset(registry.modules))

    def with_module(
        self, source: Source, flows: Mapping[str, StoredFlow] = MappingProxyType({})
    ) -> "Registry":
        """Return a registry that also holds the module in `source`, which may run `flows`.

        Raise `SpecError` when it is not right, when it takes the name of a standard module, or when
        a registered module that uses it would no longer be.
        """
        name = _name(read(source).value)
        document = load(source, self._vocabulary(flows, ops=True, callers=self._callers(name)))
        if problems := parted(document, read(source)):
            raise SpecError(problems, source.name)
        modules = {**self.modules, document.name: document}
        changed = replace(
            self,
            modules=MappingProxyType(modules),
            later=MappingProxyType(later_modules(modules)),
            sources=MappingProxyType({**self.sources, document.name: source}),
        )
        for user in self._callers(name) - {name}:
            load(self.sources[user], changed._vocabulary(flows, ops=True))
        return changed

    def vocabulary(self, flows: Mapping[str, StoredFlow] = MappingProxyType({})) -> Vocabulary:
        """Return what a workflow may call, `flows` among it."""
        return self._vocabulary(flows, ops=False)

    def module_vocabulary(
        self, flows: Mapping[str, StoredFlow] = MappingProxyType({})
    ) -> Vocabulary:
        """Return what a module may call: primitives too."""
        return self._vocabulary(flows, ops=True)

    def _vocabulary(
        self,
        flows: Mapping[str, StoredFlow],
        *,
        ops: bool,
        callers: frozenset[str] = frozenset(),
    ) -> Vocabulary:
        return Vocabulary(
            modules={name: Signature.of(document) for name, document in self.modules.items()},
            ops={op.name: op.signature for op in OPS.values() if ops and op.authored},
            flows=flows,
            engines=self.engines,
            callers=callers,
            reserved=self.standard if ops else frozenset(),
            passes=frozenset(NAMES),
        )

    def _callers(self, name: JSON) -> frozenset[str]:
        """Return `name` and every module that uses it, directly or not."""
        found = {name} if isinstance(name, str) else set()
        grown = True
        while grown:
            users = {user for user, module in self.modules.items() if uses(module) & found}
            grown = not users <= found
            found |= users
        return frozenset(found)


def _callees_first(sources: list[Source]) -> list[Source]:
    """Order module texts so that each comes after those it uses, where that can be told.

    Nothing is judged here: what cannot be read or ordered is left to the checker to explain.
    """
    trees = {source.name: read(source).value for source in sources}
    by_module = {_name(tree): name for name, tree in trees.items()}
    uses = {
        name: sorted({by_module[used] for used in _used(tree) if used in by_module} - {name})
        for name, tree in trees.items()
    }
    by_name = {source.name: source for source in sources}
    return [by_name[name] for name in TopologicalSorter(uses).static_order()]


def _name(tree: JSON) -> str | None:
    return tree.get("module") if isinstance(tree, dict) else None


def _used(tree: JSON) -> list[str]:
    steps = tree.get("steps") if isinstance(tree, dict) else None
    bodies = list(steps.values()) if isinstance(steps, dict) else []
    inside = [name for body in bodies for name in _used(body)]
    found = [body.get("use") for body in bodies if isinstance(body, dict)]
    return [*inside, *(name for name in found if isinstance(name, str))]
