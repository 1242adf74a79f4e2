"""One step whose keys are read: what it calls, what it is given, and what it waits for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from spec.controls import Controls
from spec.inference import shape_of
from spec.model import Flow, Follows, Op, Output, Use
from spec.order import in_order
from spec.scope import Fields, Scope, Shape, list_of
from spec.source import Pointer
from spec.types import ANY, OBJECT, Type
from spec.values import Literal, Member, Name
from spec.vocabulary import Signature
from spec.written import Written


@dataclass(frozen=True, slots=True)
class LoopOutline:
    """The key `loop` of a block. What could not be read is left out."""

    pointer: Pointer
    max: Written | None = None
    start: Mapping[str, Written] = field(default_factory=dict)
    until: Written | None = None
    next: Mapping[str, Written] = field(default_factory=dict)

    def before(self) -> Iterator[Written]:
        """Yield what is read before the first round."""
        yield from self.start.values()
        if self.max is not None:
            yield self.max

    def after(self) -> Iterator[Written]:
        """Yield what is read after each round."""
        yield from self.next.values()
        if self.until is not None:
            yield self.until


@dataclass(frozen=True, slots=True)
class BlockOutline:
    """The body of a step that is steps itself. `reads` are the names around it that are read."""

    pointer: Pointer
    steps: Mapping[str, "Outline"]
    order: "Order"
    reads: tuple[str, ...]
    outputs: Mapping[str, Written]
    loop: LoopOutline | None = None

    @staticmethod
    def of(
        pointer: Pointer,
        steps: Mapping[str, "Outline"],
        outputs: Mapping[str, Written],
        loop: LoopOutline | None,
    ) -> "BlockOutline":
        """Return the outline of a block of `steps`."""
        inside = chain.from_iterable(inner.reads() for inner in steps.values())
        after = first_names((*outputs.values(), *(loop.after() if loop else ())))
        read = (name for name in chain(inside, after) if name not in steps)
        before = first_names(loop.before() if loop else ())
        reads = tuple(dict.fromkeys(chain(read, before)))
        return BlockOutline(pointer, steps, Order.of(steps), reads, outputs, loop)


@dataclass(slots=True)
class Outline:
    """A step whose keys are read.

    Without a `signature` or a `block` nothing is known of what it gives.
    """

    id: str
    pointer: Pointer
    body: Use | Op | Flow | None = None
    signature: Signature | None = None
    parameters: Mapping[str, Written] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    engine: str | None = None
    priority: int = 0
    controls: Controls = field(default_factory=Controls)
    block: BlockOutline | None = None

    @property
    def callee(self) -> str:
        """What the step calls, as it stands in a sentence."""
        if isinstance(self.body, Use):
            return self.body.module
        return self.body.name if self.body is not None else ""

    @property
    def flows_deep(self) -> int:
        """How many workflows inside each other the step runs."""
        if self.block is not None:
            return max((step.flows_deep for step in self.block.steps.values()), default=0)
        inner = self.signature.flows_deep if self.signature else 0
        return inner + isinstance(self.body, Flow)

    @property
    def is_fixed(self) -> bool:
        """Whether what the step gives can be told without looking at any other step."""
        follows = self.signature is not None and self.signature.follows
        return not follows and self.block is None and self.controls.plain

    def gives(self, scope: Scope) -> Fields | None:
        """Return what the body gives, or None when that cannot be known.

        `scope` has the fields of every step that this one waits for.
        """
        if self.signature is None:
            return None
        follows = self.signature.follows
        return {
            name: self._followed(scope, follows[name], type) if name in follows else Shape(type)
            for name, type in self.signature.outputs.items()
        }

    def followed(self, output: Output, field: str) -> Output:
        """Return `output`, which is this `field`, with how its type depends on what is given."""
        signature = self.signature
        how = signature.follows.get(field) if signature else None
        given = self.parameters.get(how.input) if how else None
        if signature is None or how is None or given is None or not self.controls.plain:
            return output
        match given.value:
            case Member(Name("inputs"), str(id)):
                type = output.type if how.how == "given" else signature.outputs[field]
                return replace(output, type=type, follows=Follows(id, how.how))
            case _:
                return output

    def _followed(self, scope: Scope, how: Follows, otherwise: Type) -> Shape | None:
        given = self.parameters.get(how.input)
        if given is None or given.value == Literal(None):
            return Shape(otherwise)
        if not given.known:
            return None
        if how.how == "given":
            return shape_of(scope, given.placed or given.value)
        match given.value:
            case Literal(dict() as schema):
                shape = Shape(OBJECT, schema)
            case _:
                shape = Shape(ANY)
        return list_of(shape) if how.how == "listed" else shape

    def reads(self) -> list[str]:
        """Return each name that is read here of what is around, and what this step comes after."""
        found = [*self.after]
        for parameter, written in self.parameters.items():
            references = written.all_references()
            own = self.prompt_names(parameter) if references else {}
            found += [each.name for each in references if each.name not in own]
        found += first_names(self.controls.all_values())
        if self.block is not None:
            found += (name for name in self.block.reads if name != self.id)
        return found

    def prompt_names(self, parameter: str) -> Mapping[str, Type]:
        """Return the names that the text of `parameter` may use besides those in scope."""
        input = self.signature.inputs.get(parameter) if self.signature else None
        return input.names if input else {}


def first_names(values: Iterable[Written]) -> Iterator[str]:
    """Yield the first name of every path in `values`."""
    return (reference.name for written in values for reference in written.all_references())


@dataclass(frozen=True, slots=True)
class Order:
    """Which steps of one map wait for which, and the order in which most can be looked at.

    Nothing is known of what the `cyclic` ones give, which are in or behind one of the cycles there
    may be, and not in `ids`.
    """

    waits: Mapping[str, list[str]]
    ids: tuple[str, ...]
    cyclic: tuple[str, ...]
    has_cycles: bool

    @staticmethod
    def of(steps: Mapping[str, Outline]) -> "Order":
        """Return the order of `steps`, those first that can be told by themselves."""
        waits = {
            id: [name for name in outline.reads() if name in steps] for id, outline in steps.items()
        }
        fixed = (id for id, outline in steps.items() if outline.is_fixed)
        ordered = tuple(in_order(waits))
        ids = dict.fromkeys((*fixed, *ordered))
        cyclic = tuple(id for id in steps if id not in ids)
        return Order(waits, tuple(ids), cyclic, len(ordered) < len(waits))

    def behind(self, names: Iterable[str]) -> "Order":
        """Return the order of `names` alone, and of what these wait for."""
        found: set[str] = set()
        left = [name for name in names if name in self.waits]
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self.waits[name]
        ids = tuple(id for id in self.ids if id in found)
        return Order(self.waits, ids, (), self.has_cycles)
