"""What a document may call: modules, primitives and engine pools that exist where it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spec.model import Document, Follows, Input
from spec.types import Type


@dataclass(frozen=True, slots=True)
class Signature:
    """What a callable takes and gives.

    An output in `follows` is of another type than `outputs` says where a call decides it.
    `flows_deep` counts the workflows inside each other that it runs.
    """

    inputs: Mapping[str, Input]
    outputs: Mapping[str, Type]
    follows: Mapping[str, Follows] = field(default_factory=dict)
    description: str = ""
    flows_deep: int = 0

    @staticmethod
    def of(document: Document) -> "Signature":
        """Return what a checked document takes and gives."""
        return Signature(
            inputs={input.id: input for input in document.inputs},
            outputs={output.id: output.type for output in document.outputs},
            follows={each.id: each.follows for each in document.outputs if each.follows},
            description=document.description,
            flows_deep=document.flows_deep,
        )

    def passes_on(self, input: str) -> bool:
        """Whether an output is of the type of what `input` is given."""
        if not self.follows:
            return False
        return any(each == Follows(input, "given") for each in self.follows.values())


@dataclass(frozen=True, slots=True)
class StoredFlow:
    """A workflow that may be run by another: one version of it."""

    version: str
    signature: Signature


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names in force while one document is checked. `ops` is empty for workflows.

    `flows` are by name, meaning the latest version, and by `name@version`.
    `callers` are the module being read and all that use it: calling one of them is `recursion`.
    `reserved` are the names a module may not take: those of the standard modules.
    """

    modules: Mapping[str, Signature] = field(default_factory=dict)
    ops: Mapping[str, Signature] = field(default_factory=dict)
    flows: Mapping[str, StoredFlow] = field(default_factory=dict)
    engines: frozenset[str] = frozenset()
    passes: frozenset[str] = frozenset()
    callers: frozenset[str] = frozenset()
    reserved: frozenset[str] = frozenset()
