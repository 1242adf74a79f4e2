"""Steps as an editor is told of them: one body each, and the inputs of what it calls."""

from collections.abc import Iterable, Mapping

from spec.editor_controls import MEANINGS, forms, step_ids
from spec.editor_values import Schema, any_of, one_of, reference, taken
from spec.model import Input
from spec.names import BODY_KEYS, CONTROL_KEYS, NAME
from spec.problems import echo
from spec.values import JSON
from spec.vocabulary import Signature

CALLS = ("use", "op", "flow")
_CONTROLS = f"^(?:{'|'.join(CONTROL_KEYS)})$"


def steps(kind: str) -> Schema:
    """Return the form of the steps of a workflow or of a module: `kind`."""
    return {
        "minProperties": 1,
        "propertyNames": step_ids(),
        "additionalProperties": reference(f"{kind}_step"),
    }


def step(
    kind: str, called: Mapping[str, Mapping[str, Signature]], engines: Iterable[str]
) -> Schema:
    """Return the form of one step, but for the inputs of what it calls."""
    bodies = [key for key in BODY_KEYS if key != "op" or kind == "module"]
    of_keys: dict[str, Schema] = {
        **forms(in_module=kind == "module"),
        **{key: _callees(key, called[key]) for key in CALLS},
        "steps": {"type": "object", "allOf": [reference(f"{kind}_steps")]},
        "engine": one_of(engines),
    }
    keys: dict[str, JSON] = {
        key: {"description": MEANINGS[key]} | of_keys[key]
        if key in bodies or key not in BODY_KEYS
        else False
        for key in CONTROL_KEYS
    }
    parts = ["rules", *(key for key in CALLS if key in bodies)]
    block = {"if": {"required": ["steps"]}, "then": reference("block")}
    return {
        "type": "object",
        "properties": keys,
        "anyOf": any_of(BODY_KEYS, f"A step has a body: {', '.join(bodies)}"),
        "allOf": [*map(reference, parts), block],
    }


def block() -> Schema:
    """Return what holds besides for a step that is a block."""
    return {
        "description": "A block: a step made of steps.",
        "patternProperties": {_CONTROLS: True},
        "additionalProperties": False,
        "anyOf": any_of(("outputs", "loop"), "A block has outputs, or a loop"),
    }


def chosen(key: str, names: Iterable[str]) -> Schema:
    """Return what holds besides for a step that calls one of `names` by `key`.

    What is called is told by a pattern: an editor that completes takes the beginning of a constant
    for the whole, and would offer the inputs of `llm.list` to a step that uses `llm`.
    """
    ways = [
        {
            "if": {"properties": {key: _exactly(name)}, "required": [key]},
            "then": reference(f"{key}:{name}"),
        }
        for name in names
    ]
    return {"allOf": ways} if ways else {}


def call(signature: Signature) -> Schema:
    """Return what holds besides for a step that calls what has this signature."""
    inputs = {id: _parameter(input) for id, input in signature.inputs.items()}
    given = {"description": signature.description} if signature.description else {}
    return {
        **given,
        "properties": inputs | _fields(signature),
        "required": [id for id, input in signature.inputs.items() if input.required],
        "patternProperties": {_CONTROLS: True},
        "additionalProperties": False,
    }


def _callees(key: str, signatures: Mapping[str, Signature]) -> Schema:
    told = [signatures[name].description for name in sorted(signatures)]
    known = one_of(signatures) | ({"enumDescriptions": told} if any(told) else {})
    if key != "flow":
        return known
    if not signatures:  # where no flow is known, any may be there when the workflow is submitted
        return {"type": "string", "pattern": f"^{NAME.pattern}(?:@.+)?$"}
    version = {"type": "string", "pattern": f"^{NAME.pattern}@.+$"}
    return {"type": "string", "anyOf": [known, version]}


def _exactly(name: str) -> Schema:
    escaped = name.replace(".", r"\.")  # nothing else in a name means something in a pattern
    return {"type": "string", "pattern": f"^{escaped}$"}


def _parameter(input: Input) -> Schema:
    schema = {"description": _said(input), **taken(input.type, input.schema)}
    return schema if input.default is None else schema | {"default": input.default}


def _said(input: Input) -> str:
    facts = [str(input.type)]
    if input.default is not None:
        facts.append(f"default {echo(input.default)}")
    elif not input.required:
        facts.append("may be left out")
    if input.names:
        facts.append("may name " + ", ".join(f"{id}: {type}" for id, type in input.names.items()))
    return f"{input.description} ({'; '.join(facts)})".lstrip()


def _fields(signature: Signature) -> dict[str, Schema]:
    """Return the control keys that speak of the fields of a step, with those it has."""
    fields = list(signature.outputs)
    narrowed: dict[str, Schema] = {
        "else": {"propertyNames": {"enum": fields}},
        "fallback": {"propertyNames": {"enum": fields}},
        "collect": {"enum": fields},
    }
    usual = forms(in_module=False)
    return {
        key: {"description": MEANINGS[key]} | usual[key] | more for key, more in narrowed.items()
    }
