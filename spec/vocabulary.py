"""What a document may call: modules, primitives and engine pools that exist where it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spec.model import Document, Input, Use
from spec.types import Type
from spec.values import JSON


@dataclass(frozen=True, slots=True)
class Signature:
    """What a callable takes and gives. An output's `any` may be a type known only at a call."""

    inputs: Mapping[str, Input]
    outputs: Mapping[str, Type]
    opens: frozenset[str] = frozenset()  # the modules its own steps use

    @staticmethod
    def of(document: Document) -> "Signature":
        """Return what a checked module takes and gives."""
        inputs = {input.id: input for input in document.inputs}
        outputs = {output.id: output.type for output in document.outputs}
        opens = {step.body.module for step in document.steps if isinstance(step.body, Use)}
        return Signature(inputs, outputs, frozenset(opens))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names in force while one document is checked. `ops` is empty for workflows."""

    modules: Mapping[str, Signature] = field(default_factory=dict)
    ops: Mapping[str, Signature] = field(default_factory=dict)
    engines: frozenset[str] = frozenset()
    passes: frozenset[str] = frozenset()

    def leads_to(self, module: JSON, other: str) -> bool:
        """Say whether opening `module` opens `other`, itself or somewhere below."""
        seen: set[str] = set()
        waiting = [module] if isinstance(module, str) else []
        while waiting:
            name = waiting.pop()
            if name == other:
                return True
            if name not in seen and name in self.modules:
                seen.add(name)
                waiting.extend(self.modules[name].opens)
        return False
