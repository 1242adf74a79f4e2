"""The language as a JSON Schema, for editors: completion, descriptions and the clear mistakes.

It never refuses what the checker accepts, and may accept what the checker refuses. Editors that
know `patternErrorMessage`, `errorMessage` and `enumDescriptions` say more; others pass them over.
"""

from collections.abc import Mapping
from types import MappingProxyType

from spec.editor_controls import loop, outputs, rules
from spec.editor_inputs import declaration, inputs
from spec.editor_steps import block, call, chosen, step, steps
from spec.editor_values import Schema, any_of, one_of, records, reference
from spec.names import DOCUMENT_KEYS, NAME, WORKFLOW_KEYS
from spec.vocabulary import Signature, Vocabulary

TOP_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "workflow": "The name of this workflow: parts of a-z, 0-9, _ and -, joined by dots.",
        "module": "The name of this module, by which steps use it.",
        "description": "What it does, for whoever looks for it.",
        "inputs": "What it is given: ids, each with a type word or a JSON Schema.",
        "steps": "What is done: ids, each with a step. The order in the file means nothing; a step "
        "waits for those it reads.",
        "outputs": "What it gives: ids, each with a value.",
        "stream": "Outputs that are sent while they come.",
        "plan": "Passes of the planner to leave out (off) or to add (on).",
    }
)
_KINDS = ("workflow", "module")


def editor_schema(vocabulary: Vocabulary) -> Schema:
    """Return the schema of the workflows and modules that may call what is in `vocabulary`.

    Its `ops` are for modules alone. The same vocabulary gives the same schema, in the same order.
    """
    called: dict[str, dict[str, Signature]] = {
        "use": dict(vocabulary.modules),
        "op": dict(vocabulary.ops),
        "flow": _flows(vocabulary),
    }
    engines = vocabulary.engines
    definitions: dict[str, Schema] = {
        **{kind: _document(kind, vocabulary) for kind in _KINDS},
        **{f"{kind}_steps": steps(kind) for kind in _KINDS},
        **{f"{kind}_step": step(kind, called, engines) for kind in _KINDS},
        **{f"{kind}_input": declaration(in_module=kind == "module") for kind in _KINDS},
        "block": block(),
        "rules": rules(),
        "loop": loop(),
        "outputs": outputs(),
        **records(),
    }
    for key, signatures in called.items():
        names = sorted(signatures)
        definitions[key] = chosen(key, names)
        definitions |= {f"{key}:{name}": call(signatures[name]) for name in names}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "urn:teola:document",
        **_top(),
        "definitions": definitions,
    }


def _flows(vocabulary: Vocabulary) -> dict[str, Signature]:
    """Return the flows that can be run; each is looked at once."""
    found = ((name, vocabulary.flows.get(name)) for name in vocabulary.flows)
    return {name: flow.signature for name, flow in found if flow is not None}


def _top() -> Schema:
    name = {
        "type": "string",
        "pattern": f"^{NAME.pattern}$",
        "patternErrorMessage": "A name is parts of a-z, 0-9, _ and -, a letter first, with dots",
    }
    forms: dict[str, Schema] = {
        "workflow": name,
        "module": name,
        "description": {"type": "string"},
        "outputs": {"type": "object", "allOf": [reference("outputs")]},
    }
    told = {key: _told(key) | forms.get(key, {"type": "object"}) for key in DOCUMENT_KEYS}
    return {
        "type": "object",
        "properties": told,
        "required": ["steps", "outputs"],
        "anyOf": any_of(_KINDS, "A document has a name: workflow, or module"),
        "if": {"required": ["module"], "properties": {"workflow": False}},
        "then": reference("module"),
        "else": reference("workflow"),
    }


def _document(kind: str, vocabulary: Vocabulary) -> Schema:
    """Return what holds besides for a workflow or a module."""
    passes = {"type": "array", "items": one_of(vocabulary.passes)}
    forms: dict[str, Schema] = {
        "inputs": inputs(kind),
        "steps": reference(f"{kind}_steps"),
        "stream": _told("stream") | {"type": "array", "items": {"type": "string"}},
        "plan": _told("plan")
        | {
            "type": "object",
            "properties": {"off": passes, "on": passes},
            "additionalProperties": False,
        },
    }
    known = WORKFLOW_KEYS if kind == "workflow" else DOCUMENT_KEYS
    another = _KINDS[1 - _KINDS.index(kind)]
    properties = {key: forms.get(key, True) for key in known if key != another}
    return {"properties": properties, "additionalProperties": False}


def _told(key: str) -> Schema:
    return {"description": TOP_MEANINGS[key]}
