"""The plain run of a document: one step at a time, as the language's page says, and nothing else.

The judge of every optimised run, so it knows nothing of planning and scheduling. An environment is
a flat map from names to values; entering a block adds names to it, calling a document starts anew.

Where the page leaves a choice: a step's parameters are evaluated and held to what is declared when
the step runs, whether they are read or not; so are a prompt's slots that are the caller's. `engine`
and `priority` hold for whatever is inside the step, the innermost winning.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from spec.evaluate import EvaluationError, evaluate
from spec.inputs import check_inputs
from spec.model import Block, Document, Flow, Input, Loop, Op, Output, Step, Use
from spec.values import JSON, AcceptedAt, Leaf, Literal, Member, Name, Value, rewrite
from tests.interpreter.arrival import misfit
from tests.interpreter.clock import Clock, Expired, Lanes
from tests.interpreter.control import Fields, controlled, rounds
from tests.interpreter.files import opened
from tests.interpreter.here import Here
from tests.interpreter.order import waits
from tests.interpreter.outcome import EngineCall, Failure, Fault, Outcome
from tests.interpreter.ports import PORTS
from tests.interpreter.prompts import Prompt, bind, fill


class Engine(Protocol):
    """Pure functions of what they are given. `attempt` counts the retries around a call."""

    def pool(self, op: str, alias: str | None) -> str: ...
    def takes_ms(self, op: str, params: Mapping[str, JSON], attempt: int) -> int: ...
    def fails(self, op: str, params: Mapping[str, JSON], attempt: int) -> Fault | None: ...
    def answer(
        self, op: str, params: Mapping[str, JSON], pool: str
    ) -> Mapping[str, Any] | Fault: ...


@dataclass(frozen=True, slots=True)
class Library:
    """Checked documents that others call: modules by name, flows by name and version."""

    modules: Mapping[str, Document] = field(default_factory=dict)
    flows: Mapping[tuple[str, str], Document] = field(default_factory=dict)


def run(
    document: Document,
    inputs: Mapping[str, JSON],
    library: Library,
    engine: Engine,
    accepted_at: str,
) -> Outcome:
    """Return what the checked `document` comes to for `inputs`, which a caller has written.

    Raise `SpecError` where they are not what it declares.
    """
    given = {
        id: opened(value) if _declared(document, id).type.word == "file" else value
        for id, value in check_inputs(document.inputs, inputs).items()
    }
    running = Run(library, engine, accepted_at)
    outputs, failure = None, None
    try:
        outputs = running.document(document, given, Here())
    except Failure as error:
        failure = error.trouble
    return Outcome(outputs, failure, tuple(running.calls), dict(running.fired), running.clock.now)


class Run:
    """One run: what it may call, the time in it, and what it has done so far."""

    def __init__(self, library: Library, engine: Engine, accepted_at: str) -> None:
        self.library = library
        self.engine = engine
        self.accepted_at = accepted_at
        self.clock = Clock()
        self.calls: list[EngineCall] = []
        self.fired: Counter[str] = Counter()

    def document(self, document: Document, given: Mapping[str, JSON], here: Here) -> Fields:
        """Run a document that sees nothing but what it is given."""
        inner = self.steps(document.steps, replace(here, names={"inputs": given}))
        return self.outputs(document.outputs, inner)

    def steps(self, steps: Sequence[Step], here: Here) -> Here:
        """Run the steps of one map; return what is in scope after them."""
        by_id = {step.id: step for step in steps}
        begun = self.clock.now
        ended: dict[str, int] = {}
        inner = here
        for id, before in waits(steps, self.library.modules).items():
            self.clock.now = max([begun, *(ended[each] for each in before)])
            self.fired["after"] += bool(by_id[id].after)
            fields = controlled(self, by_id[id], inner.at(by_id[id]))
            inner = inner.seeing({id: fields})
            ended[id] = self.clock.now
        self.clock.now = max([begun, *ended.values()])
        return inner

    def outputs(self, outputs: Sequence[Output], here: Here) -> Fields:
        """Return the value of each output of a document or a block."""
        found = {}
        for each in outputs:
            place = here.place if here.place.step else replace(here.place, origin=each.origin)
            found[each.id] = self.value(each.value, replace(here, place=place))
        return found

    def body(self, step: Step, here: Here) -> Fields:
        """Run the body of `step` once."""
        match step.body:
            case Use(name):
                self.fired["use"] += 1
                return self.call(self.library.modules[name], step, here)
            case Flow(name, version):
                self.fired["flow"] += 1
                return self.call(self.library.flows[name, version], step, here)
            case Op(name):
                return self.primitive(name, step, here)
            case Block(loop=None):
                self.fired["block"] += 1
                return self.outputs(step.body.outputs, self.steps(step.body.steps, here))
            case Block():
                return rounds(self, step.body, here)

    def fields(self, step: Step) -> tuple[str, ...]:
        """Return the names of what the body of `step` gives."""
        match step.body:
            case Use(name):
                return tuple(each.id for each in self.library.modules[name].outputs)
            case Flow(name, version):
                return tuple(each.id for each in self.library.flows[name, version].outputs)
            case Op(name):
                return tuple(PORTS[name].gives)
            case Block(_, _, Loop(_, start)):
                return (*(name for name, _ in start), "rounds", "done")
            case Block(_, outputs):
                return tuple(each.id for each in outputs)

    def call(self, callee: Document, step: Step, here: Here) -> Fields:
        """Run another document with what `step` hands over."""
        given = self.given(callee.inputs, step, here)
        return self.document(callee, given, replace(here, place=here.place.elsewhere()))

    def given(self, inputs: Sequence[Input], step: Step, here: Here) -> dict[str, JSON]:
        """Return what `step` hands over for each of `inputs`, its default where it says nothing."""
        written = {each.name: each.value for each in step.parameters}
        found = {}
        for input in inputs:
            value = written.get(input.id, input.otherwise)
            if input.type.word == "prompt":
                found[input.id] = self.prompt(value, input, here)
                continue
            found[input.id] = self.value(value, here)
            wrong = misfit(found[input.id], input.type, input.schema)
            if input.id in written and wrong is not None:
                raise here.failure("wrong-type", f"`{input.id}`: {wrong}")
        return found

    def primitive(self, op: str, step: Step, here: Here) -> Fields:
        """Ask an engine for what a primitive gives."""
        params = self.given(PORTS[op].takes, step, here)
        names = params.pop("names", None) or {}
        params = {key: self.filled(value, names, here) for key, value in params.items()}
        pool = self.engine.pool(op, here.engine)
        asked = EngineCall(op, pool, here.priority, here.attempt, params)
        self.fired[f"op {op}"] += 1
        self.fired["engine"] += here.engine == pool
        try:
            self.clock.spend(self.engine.takes_ms(op, params, here.attempt))
        except Expired:
            self.calls.append(asked)
            raise
        fault = self.engine.fails(op, params, here.attempt)
        answer = fault or self.engine.answer(op, params, pool)
        if isinstance(answer, Fault):
            self.calls.append(replace(asked, fault=answer))
            raise here.failure(answer.code, answer.detail, transient=answer.transient)
        self.calls.append(replace(asked, answer=answer))
        return {port: answer[port] for port in PORTS[op].gives}

    def lanes(self, parts: int, most: int | None = None) -> Lanes:
        """Return where `parts` that run all at once, or at most `most` at a time, are run."""
        return Lanes(self.clock, parts, most)

    def value(self, value: Value, here: Here) -> JSON:
        """Return what `value` stands for here. Raise `Failure` where it stands for nothing."""
        try:
            return self._evaluate(value, here.names)
        except EvaluationError as error:
            raise here.failure(error.code, str(error)) from None

    def prompt(self, value: Value, input: Input, here: Here) -> Prompt | None:
        """Return `value`, which is handed to `input`, as a prompt."""
        try:
            found = bind(value, tuple(input.names), here.names, self._evaluate)
        except EvaluationError as error:
            raise here.failure(error.code, str(error)) from None
        if found is None and not input.type.optional:
            raise here.failure("may-be-null", f"`{input.id}`: null, not a prompt")
        return found

    def filled(self, value: JSON, names: Mapping[str, JSON], here: Here) -> JSON:
        """Return a prompt as text, anything else as it is."""
        if not isinstance(value, Prompt):
            return value
        try:
            return fill(value, names, self._evaluate)
        except EvaluationError as error:
            raise here.failure(error.code, str(error)) from None

    def _evaluate(self, value: Value, names: Mapping[str, JSON]) -> JSON:
        def lookup(leaf: Leaf) -> JSON:
            match leaf:
                case Name(id):
                    return names[id]
                case AcceptedAt():
                    return self.accepted_at
            raise TypeError(f"{leaf} stands for nothing in a document")

        return evaluate(rewrite(value, _secret), lookup)


def _secret(value: Value) -> Value | None:
    match value:
        case Member(Name("secret"), str(key)):
            return Literal({"secret": key})
    return None


def _declared(document: Document, id: str) -> Input:
    return next(each for each in document.inputs if each.id == id)
