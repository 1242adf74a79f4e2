"""One step of a document: its values checked against what it calls; made when all is well."""

from dataclasses import replace

from spec.control_check import check_controls, make_control
from spec.fit import Fit
from spec.gives import body_scope
from spec.inputs import origin_of
from spec.model import Parameter, Step
from spec.names import CONTROL_KEYS
from spec.outline import Outline
from spec.problems import nearest, quoted
from spec.report import Report
from spec.scope import Scope
from spec.vocabulary import Signature


def check_step(report: Report, outline: Outline, scope: Scope) -> None:
    """Report what is wrong with the values of a step, given all that is in scope."""
    inputs = outline.signature.inputs if outline.signature else {}
    check_controls(report, outline, scope)
    body = body_scope(outline, scope)
    for name, written in outline.parameters.items():
        input = inputs.get(name)
        inner = replace(body, names=input.names if input else {}, lenient=outline.lenient)
        fit = Fit(report, inner, null_welcome=outline.passes)
        fit.check_references(written)
        if input is not None:
            fit.check_input(written, input)
    if outline.signature is not None:
        _check_keys(report, outline, outline.signature)


def make_step(report: Report, outline: Outline, scope: Scope) -> Step:
    """Return the checked step. Only for an outline without problems."""
    if outline.body is None:
        raise ValueError(f"the step {outline.id} was not checked: it has no body")
    body = body_scope(outline, scope)
    parameters = tuple(
        Parameter(
            name,
            replace(body, names=outline.prompt_names(name)).canonical(written.value),
            origin_of(report.tree, written.pointer),
        )
        for name, written in outline.parameters.items()
    )
    return Step(
        id=outline.id,
        body=outline.body,
        parameters=parameters,
        after=outline.after,
        engine=outline.engine,
        priority=outline.priority,
        control=make_control(report, outline, scope),
        origin=origin_of(report.tree, outline.pointer),
    )


def _check_keys(report: Report, outline: Outline, signature: Signature) -> None:
    meant = set()
    for name in outline.parameters:
        if name not in signature.inputs:
            hint = nearest(name, [*signature.inputs, *CONTROL_KEYS])
            meant.add(hint)
            known = ", ".join(signature.inputs) or "none"
            detail = f"there is no input {quoted(name)} here; inputs: {known}"
            report.at_key("unknown-key", (*outline.pointer, name), detail, hint)
    for name, input in signature.inputs.items():
        given = name in outline.parameters or name in meant
        if input.required and not given:
            detail = f"the input {quoted(name)} ({input.type}) is missing"
            report.at_key("missing-key", outline.pointer, detail)
