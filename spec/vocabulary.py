"""What a document may call: modules, primitives and engine pools that exist where it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spec.model import Document, Input
from spec.types import Type


@dataclass(frozen=True, slots=True)
class Signature:
    """What a callable takes and gives. An output's `any` may be a type known only at a call."""

    inputs: Mapping[str, Input]
    outputs: Mapping[str, Type]

    @staticmethod
    def of(document: Document) -> "Signature":
        """Return what a checked module takes and gives."""
        inputs = {input.id: input for input in document.inputs}
        return Signature(inputs, {output.id: output.type for output in document.outputs})


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
