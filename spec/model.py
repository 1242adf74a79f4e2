"""The checked document: what a workflow or a module says, every part with its place on the page.

Values of these types are only made by `spec.load`; whoever holds one may rely on it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Literal as OneOf
from typing import TypeAlias

from spec.records import record
from spec.types import Type
from spec.values import JSON, Literal, Value

OnError: TypeAlias = OneOf["fail", "null", "drop"]


@record
class Origin:
    """A place on the author's page. Lines and columns count from 1."""

    source: str
    pointer: str
    line: int
    column: int


@record
class Input:
    """One declared input. `default` is only meaningful when it is not `required`.

    The default of a prompt is read like any prompt, over its own `names`: `text` is what it says.
    """

    id: str
    type: Type
    required: bool
    default: JSON
    schema: JSON  # the JSON Schema a run's value must meet; {} when the type says it all
    description: str
    origin: Origin
    names: Mapping[str, Type] = field(default_factory=dict)  # what a prompt's text may use besides
    text: Value | None = None

    @property
    def otherwise(self) -> Value:
        """What stands for the input where nothing is given."""
        return Literal(self.default) if self.text is None else self.text


@record
class Parameter:
    """One key of a step that is not a control key: an input of what the step calls."""

    name: str
    value: Value
    origin: Origin


@record
class Use:
    """The body of a step that opens a module."""

    module: str


@record
class Op:
    """The body of a step, in modules only, that is one primitive."""

    name: str


@record
class Flow:
    """The body of a step that runs another workflow, of the version it had at submit."""

    name: str
    version: str


@record
class Loop:
    """Rounds of a block. `start`, `next` and the state have the same fields."""

    max: Value
    start: tuple[tuple[str, Value], ...]
    until: Value | None
    next: tuple[tuple[str, Value], ...]


@record
class Block:
    """The body of a step that is steps itself. A loop has no outputs: it gives its state."""

    steps: tuple["Step", ...]
    outputs: tuple["Output", ...]
    loop: Loop | None = None


@record
class ForEach:
    """The body once per element, all at once. Each field becomes a list, or joins into one."""

    items: Value
    max_parallel: int | None
    on_error: OnError
    collect: str | None


@record
class Fold:
    """The body once per element, one after another, each seeing what the one before gave."""

    items: Value
    start: Value


@record
class Reduce:
    """The body once per group of `fan_in`, level by level, until one is left.

    `fan_in` is data in a workflow; a module may hand on an input of its own.
    """

    items: Value
    fan_in: Value
    start: Value | None


@record
class Control:
    """When and how often the body of a step runs, and what stands in where it does not.

    `otherwise` and `fallback` are objects of fields. `places` are those of the keys written.
    """

    condition: Value | None = None
    otherwise: Value | None = None
    over: ForEach | Fold | Reduce | None = None
    retry: int = 0
    timeout_ms: int | None = None
    fallback: Value | None = None
    cache_ms: int | None = None
    places: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def is_bare(self) -> bool:
        """Whether a step is its body and nothing else."""
        return (
            self.condition is None
            and self.over is None
            and self.timeout_ms is None
            and self.fallback is None
            and self.cache_ms is None
            and not self.retry
        )


@record
class Step:
    """One step. `after` names steps of the same map that must be over before it starts."""

    id: str
    body: Use | Op | Flow | Block
    parameters: tuple[Parameter, ...]
    after: tuple[str, ...]
    engine: str | None
    priority: int
    control: Control
    origin: Origin


@record
class Follows:
    """How the type of an output is known at a call, from what the input `input` is given there.

    It is the type of what is `given`, or that which a schema given `described`, or a list of that.
    """

    input: str
    how: OneOf["given", "described", "listed"]


@record
class Output:
    """One declared output and the value that becomes it. `follows` is for a module's callers."""

    id: str
    value: Value
    type: Type
    origin: Origin
    follows: Follows | None = None


@record
class Document:
    """A workflow or a module. Steps and outputs stand in the order of the file.

    Its `origin` is where it says its name. `flows_deep` counts the workflows inside each other
    that it runs.
    """

    kind: str  # "workflow" or "module"
    name: str
    description: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Output, ...]
    stream: tuple[str, ...]
    passes_off: tuple[str, ...]
    passes_on: tuple[str, ...]
    version: str  # hash of the content, key order kept: two texts that say the same share it
    flows_deep: int
    origin: Origin


def all_maps(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Yield `steps`, and the steps of every block among them and inside."""
    yield steps
    for step in steps:
        if isinstance(step.body, Block):
            yield from all_maps(step.body.steps)


def all_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield `steps` and those inside their blocks, each before what is in it."""
    for step in steps:
        yield step
        if isinstance(step.body, Block):
            yield from all_steps(step.body.steps)
