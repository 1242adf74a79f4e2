"""The keys of a step as an editor is told of them: what each means, its form, its partners.

Nothing here knows what there is to be called; that is for `spec.editor_schema`.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from spec.block_reader import NEEDED_LOOP_KEYS
from spec.controls import HANDED_ON, ON_ERROR, PARTNERS, REPEATING_KEYS, RETRY_MAX
from spec.editor_values import Schema, anything, expression_or, reference
from spec.limits import ID_CHARS_MAX
from spec.names import (
    BODY_KEYS,
    ID,
    LOOP_FIELDS,
    LOOP_KEYS,
    RESERVED_STEP_IDS,
)
from spec.step_check import ROUNDS_MAX
from spec.steps import PRIORITY_MAX

_DURATION = r"^0*[1-9][0-9]*(?:ms|s|m|h|d)$"

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "use": "The module that this step opens. Its inputs are further keys of the step.",
        "op": "The primitive that this step is; in modules only. Its inputs are further keys.",
        "flow": "Another workflow to run, by name, or name@version for one version of it. Its "
        "inputs are further keys of the step.",
        "steps": "A block: steps of its own, which see those around it. Needs outputs, or a loop.",
        "outputs": "What the block gives: the fields of this step, each with its value.",
        "if": "The body runs only if this is true; null counts as false. Otherwise every field is "
        "null, or what else says. Asked per element when it reads item, position or acc.",
        "else": "Fields that stand in where if has refused the step or the element. A field not "
        "named is null.",
        "for_each": "A list: the body runs once per element, all at once, and sees item and "
        "position. Each field becomes the list of its values, in order.",
        "max_parallel": "How many elements of for_each at a time, at most.",
        "on_error": "What an element of for_each that failed for good does: fail the step (the "
        "default), be null in every field, or be left out (drop).",
        "collect": "A field that is a list per element of for_each: joined into one list, without "
        "nulls and repeats.",
        "fold": "A list: the body runs once per element, one after another, and sees item, "
        "position and acc. Its one field is the next acc; the step gives the last. Needs start.",
        "reduce": "A list: groups of fan_in, as items, become one value each, level by level, "
        "until one is left.",
        "start": "The first acc of fold; for reduce, what an empty list gives.",
        "fan_in": "How many values of reduce become one. The default is 2.",
        "loop": "Runs the block again and again: loop is its state, start at first, and next "
        "makes it anew, until until holds or after max rounds.",
        "retry": f"How many more attempts after a fault that may pass, 0 to {RETRY_MAX}.",
        "timeout": "How long one execution of the body may take, retries included: 3s, 500ms.",
        "fallback": "Fields that stand in when the body has failed for good. A field not named "
        "is null.",
        "cache": "How long an equal result is used again: 1h, 7d.",
        "engine": "The pool of engines that does the work, by the operator's name for it.",
        "priority": f"More is sooner: -{PRIORITY_MAX} to {PRIORITY_MAX}. The default is 0.",
        "after": "Steps that have to be finished or skipped before this one starts.",
    }
)
LOOP_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "max": f"Rounds at most, 1 to {ROUNDS_MAX}.",
        "start": "The state at first: fields and their values.",
        "until": "Asked after each round, of its steps and the new state; the loop ends when true.",
        "next": "The state after a round: the keys of start, from the round's steps and loop.",
    }
)


def forms(*, in_module: bool) -> dict[str, Schema]:
    """Return the form of each control key, but for those that depend on what there is to call."""
    usual = _forms()
    handed_on = HANDED_ON if in_module else ()
    return usual | {key: usual[key] | expression_or("integer") for key in handed_on}


def _forms() -> dict[str, Schema]:
    condition = expression_or("boolean", "null")
    items, fields, text = expression_or("array"), {"type": "object"}, {"type": "string"}
    return {
        "outputs": {"type": "object", "allOf": [reference("outputs")]},
        "if": condition,
        "else": fields,
        "for_each": items,
        "max_parallel": {"type": "integer", "minimum": 1, "examples": [4]},
        "on_error": {"enum": list(ON_ERROR)},
        "collect": text,
        "fold": items,
        "reduce": items,
        "start": anything(),
        "fan_in": {"type": "integer", "minimum": 2, "default": 2},
        "loop": {"type": "object", "allOf": [reference("loop")]},
        "retry": {"type": "integer", "minimum": 0, "maximum": RETRY_MAX, "examples": [1]},
        "timeout": _duration("3s"),
        "fallback": fields,
        "cache": _duration("7d"),
        "priority": {"type": "integer", "minimum": -PRIORITY_MAX, "maximum": PRIORITY_MAX},
        "after": {"type": "array", "items": text},
    }


def loop() -> Schema:
    """Return the form of the key `loop`."""
    rounds = expression_or("integer") | {"minimum": 1, "maximum": ROUNDS_MAX}
    states = {"type": "object", "minProperties": 1}
    of_keys = {
        "max": rounds,
        "start": states | {"propertyNames": ids(LOOP_FIELDS, "field")},
        "until": expression_or("boolean", "null"),
        "next": states,
    }
    return {
        "properties": {
            key: {"description": LOOP_MEANINGS[key]} | of_keys[key] for key in LOOP_KEYS
        },
        "required": list(NEEDED_LOOP_KEYS),
        "additionalProperties": False,
    }


def outputs() -> Schema:
    """Return the form of outputs, of a document or of a block."""
    return {"minProperties": 1, "propertyNames": ids((), "output")}


def step_ids() -> Schema:
    """Return the form of the id of a step."""
    return ids(RESERVED_STEP_IDS, "step")


def ids(reserved: Sequence[str], title: str) -> Schema:
    """Return the form of an id; an editor offers a new one by the name `title`."""
    but = f"; {', '.join(reserved)} mean something else" if reserved else ""
    not_these = f"(?!(?:{'|'.join(reserved)})$)" if reserved else ""
    return {
        "title": title,
        "pattern": f"^{not_these}{ID.pattern}$",
        "patternErrorMessage": f"An id is a-z, 0-9 and _, a letter first{but}",
        "maxLength": ID_CHARS_MAX,
    }


def rules() -> Schema:
    """Return which keys of a step need which others, and which exclude each other."""
    return {"allOf": [*_partners(), *_exclusions(), _needs("fold", "start")]}


def _partners() -> Iterator[Schema]:
    for partners in dict.fromkeys(PARTNERS.values()):
        keys = [key for key, wanted in PARTNERS.items() if wanted == partners]
        none_there = {"not": {"anyOf": [{"required": [partner]} for partner in partners]}}
        message = f"This means nothing without {' or '.join(partners)}"
        yield {"if": none_there, "then": _forbidden(keys, message)}


def _exclusions() -> Iterator[Schema]:
    for keys, message in (
        (BODY_KEYS, "A step has one body"),
        (REPEATING_KEYS, "A step repeats in one way; nest with blocks"),
        (("outputs", "loop"), "A loop gives its state, so it has no outputs"),
    ):
        for index, key in enumerate(keys[:-1]):
            yield {"if": {"required": [key]}, "then": _forbidden(keys[index + 1 :], message)}


def _needs(key: str, other: str) -> Schema:
    return {"if": {"required": [key]}, "then": {"required": [other]}}


def _forbidden(keys: Sequence[str], message: str) -> Schema:
    return {"properties": dict.fromkeys(keys, False), "errorMessage": message}


def _duration(example: str) -> Schema:
    return {
        "type": "string",
        "pattern": _DURATION,
        "patternErrorMessage": "A duration is an integer above 0 and one of ms, s, m, h, d",
        "examples": [example],
    }
