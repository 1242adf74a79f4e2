"""One step whose keys are read: what it calls, what it is given, and what it waits for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from spec.controls import Controls
from spec.inference import shape_of
from spec.model import Op, Use
from spec.scope import Fields, Scope, Shape
from spec.source import Pointer
from spec.types import Type
from spec.vocabulary import Signature
from spec.written import Written

_PASSING = "value"  # the module whose output is, in value and type, its input


@dataclass(frozen=True, slots=True)
class Outline:
    """A step whose keys are read. Without a `signature` nothing is known of what it gives."""

    id: str
    pointer: Pointer
    body: Use | Op | None = None
    signature: Signature | None = None
    parameters: Mapping[str, Written] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    engine: str | None = None
    priority: int = 0
    controls: Controls = field(default_factory=Controls)
    lenient: bool = False

    @property
    def passes(self) -> bool:
        """Whether what the step gives is, in value and type, what it was given."""
        return self.body == Use(_PASSING)

    @property
    def is_fixed(self) -> bool:
        """Whether what the step gives can be told without looking at any other step."""
        return not self.passes and self.controls.plain

    def gives(self, scope: Scope) -> Fields | None:
        """Return what the body gives, or None when that cannot be known.

        `scope` has the fields of every step that this one waits for.
        """
        if self.signature is None:
            return None
        if self.passes:
            given = self.parameters.get(_PASSING)
            return {_PASSING: shape_of(scope, given.value) if given and given.known else None}
        return {name: Shape(type) for name, type in self.signature.outputs.items()}

    def waits(self, steps: Mapping[str, object]) -> Iterator[str]:
        """Yield the steps this one reads or comes after."""
        yield from self.after
        for name, written in self.parameters.items():
            own = self.prompt_names(name)
            for _, reference in written.all_references():
                first = str(reference.segments[0].key)
                if first in steps and first not in own:
                    yield first
        for written in self.controls.all_values():
            for _, reference in written.all_references():
                first = str(reference.segments[0].key)
                if first in steps:
                    yield first

    def prompt_names(self, parameter: str) -> Mapping[str, Type]:
        """Return the names that the text of `parameter` may use besides those in scope."""
        input = self.signature.inputs.get(parameter) if self.signature else None
        return input.names if input else {}
