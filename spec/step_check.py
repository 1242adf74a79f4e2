"""Steps: their values checked against what they call; made when all is well."""

from collections.abc import Mapping

from spec.control_check import check_controls, make_control
from spec.data import type_of_data
from spec.fit import Fit, Fits
from spec.inference import shape_of
from spec.inputs import origin_of, origins_of
from spec.model import Block, Flow, Loop, Op, Output, Parameter, Step, Use
from spec.names import CONTROL_KEYS
from spec.order import cycles
from spec.outline import BlockOutline, LoopOutline, Outline
from spec.problems import listed, nearest, quoted
from spec.report import Report
from spec.scope import Scope
from spec.sight import Inside, Sight
from spec.types import ANY, BOOLEAN, INTEGER
from spec.values import Literal, Member, Name, Value
from spec.vocabulary import Signature
from spec.written import Written

ROUNDS_MAX = 100


def check_steps(report: Report, inside: Inside) -> None:
    """Report what is wrong with the steps of one map, and which wait for each other."""
    fits = Fits(report, inside.scope)
    for id in inside.outlines:
        _check_step(report, inside.sights[id], fits)
    for group in cycles(inside.order.waits) if inside.order.has_cycles else ():
        names = ", ".join(quoted(id) for id in group[:8]) + ", …" * (len(group) > 8)
        detail = f"{names} wait for each other" if len(group) > 1 else f"{names} waits for itself"
        report.at_key("cycle", inside.outlines[group[0]].pointer, detail)


def check_outputs(
    report: Report, outputs: Mapping[str, Written], scope: Scope, *, hands_on: bool
) -> None:
    """Report what is wrong with outputs; only some may hand on an index."""
    fit = Fit(report, scope, null_welcome=True)
    for written in outputs.values():
        fit.check_references(written)
        shape = shape_of(scope, written.value)
        if not (hands_on and shape is not None and shape.type.word == "index"):
            fit.check_value(written, ANY)


def _check_step(report: Report, sight: Sight, fits: Fits) -> None:
    outline, signature = sight.outline, sight.outline.signature
    check_controls(report, sight)
    for name, written in outline.parameters.items():
        passed_on = signature is not None and signature.passes_on(name)
        fit = fits.of(sight.body, outline.prompt_names(name), null_welcome=passed_on)
        fit.check_references(written)
        if signature is not None and name in signature.inputs:
            fit.check_input(written, signature.inputs[name], outline.callee)
    if signature is not None:
        _check_keys(report, outline, signature)
    if outline.block is not None:
        _check_block(report, sight, outline.block)


def _check_block(report: Report, sight: Sight, block: BlockOutline) -> None:
    inside = sight.every_round()
    check_steps(report, inside)
    check_outputs(report, block.outputs, inside.scope, hands_on=True)
    if block.loop is not None:
        _check_loop(report, block.loop, sight)


def _check_loop(report: Report, loop: LoopOutline, sight: Sight) -> None:
    before, after = Fit(report, sight.body), Fit(report, sight.every_round().scope)
    if loop.max is not None:
        before.check_references(loop.max)
        before.check_value(loop.max, INTEGER)
        _check_rounds(report, loop.max)
    for written in loop.start.values():
        before.check_references(written)
        before.check_value(written, ANY)
    if loop.until is not None:
        after.check_references(loop.until)
        after.check_value(loop.until, BOOLEAN.or_null())
    state = sight.state()
    for name, written in loop.next.items():
        after.check_references(written)
        if state and name not in state:
            detail = f"the state of the loop has no {quoted(name)}; `start` says what it has"
            report.at_key("unknown-key", written.pointer, detail, nearest(name, state))
        shape = state.get(name)
        after.check_value(written, (shape.type if shape else ANY).or_null())
    for name in state if loop.next else ():
        if name not in loop.next:
            detail = f"`next` has no {quoted(name)}, which `start` has"
            report.at_key("missing-key", (*loop.pointer, "next"), detail)


def _check_rounds(report: Report, written: Written) -> None:
    if not isinstance(written.value, Literal) or type_of_data(written.value.value) != INTEGER:
        return
    if not 1 <= written.value.value <= ROUNDS_MAX:
        detail = f"{written.value.value}, where 1 to {ROUNDS_MAX} is wanted"
        report.at_value("bad-value", written.pointer, detail)


def make_steps(report: Report, inside: Inside) -> tuple[Step, ...]:
    """Return the checked steps of one map. Only for outlines without problems."""
    return tuple(_make_step(report, inside.sights[id]) for id in inside.outlines)


def make_outputs(
    report: Report, outputs: Mapping[str, Written], inside: Inside
) -> tuple[Output, ...]:
    """Return checked outputs, of a document or of a block, with the steps `inside` it."""
    return tuple(_output(report, id, written, inside) for id, written in outputs.items())


def _output(report: Report, id: str, written: Written, inside: Inside) -> Output:
    shape = shape_of(inside.scope, written.value)
    output = Output(
        id=id,
        value=inside.scope.written_out(written),
        type=shape.type if shape else ANY,
        origin=origin_of(report.tree, written.pointer),
    )
    match output.value:
        case Member(Name(step), str(field)) if step in inside.outlines:
            return inside.outlines[step].followed(output, field)
        case _:
            return output


def _make_step(report: Report, sight: Sight) -> Step:
    outline = sight.outline
    given = outline.parameters
    origins = origins_of(report.tree, outline.pointer, given)
    parameters = tuple(
        Parameter(name, _made_of(sight, name, written), origin)
        for (name, written), origin in zip(given.items(), origins, strict=True)
    )
    return Step(
        id=outline.id,
        body=_make_body(report, sight),
        parameters=parameters,
        after=outline.after,
        engine=outline.engine,
        priority=outline.priority,
        control=make_control(report, sight),
        origin=origin_of(report.tree, outline.pointer),
    )


def _made_of(sight: Sight, name: str, written: Written) -> Value:
    if not written.names_alone:
        return written.value
    return sight.body.naming(sight.outline.prompt_names(name)).canonical(written.value)


def _make_body(report: Report, sight: Sight) -> Use | Op | Flow | Block:
    outline = sight.outline
    if outline.body is not None:
        return outline.body
    if outline.block is None:
        raise ValueError(f"the step {outline.id} was not checked: it has no body")
    inside = sight.every_round()
    return Block(
        steps=make_steps(report, inside),
        outputs=make_outputs(report, outline.block.outputs, inside),
        loop=_make_loop(outline.block.loop, sight.body, inside.scope),
    )


def _make_loop(loop: LoopOutline | None, body: Scope, inner: Scope) -> Loop | None:
    if loop is None or loop.max is None:
        return None
    return Loop(
        max=body.written_out(loop.max),
        start=_canonical(loop.start, body),
        until=None if loop.until is None else inner.written_out(loop.until),
        next=_canonical(loop.next, inner),
    )


def _canonical(fields: Mapping[str, Written], scope: Scope) -> tuple[tuple[str, Value], ...]:
    return tuple((name, scope.written_out(written)) for name, written in fields.items())


def _check_keys(report: Report, outline: Outline, signature: Signature) -> None:
    meant = set()
    for name in outline.parameters:
        if name not in signature.inputs:
            hint = nearest(name, [*signature.inputs, *CONTROL_KEYS])
            meant.add(hint)
            detail = f"there is no input {quoted(name)} here; inputs: {listed(signature.inputs)}"
            report.at_key("unknown-key", (*outline.pointer, name), detail, hint)
    for name, input in signature.inputs.items():
        given = name in outline.parameters or name in meant
        if input.required and not given:
            detail = f"the input {quoted(name)} ({input.type}) is missing"
            report.at_key("missing-key", outline.pointer, detail)
