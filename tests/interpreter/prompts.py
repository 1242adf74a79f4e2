"""Prompts on their way: text whose caller's slots are written where it stands, and whose own names
are filled by the module that uses it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from spec.evaluate import EvaluationError
from spec.values import JSON, Name, Slot, Text, Value, leaves

#: What a value is where these names stand for these things.
Evaluate = Callable[[Value, Mapping[str, JSON]], JSON]


@dataclass(frozen=True, slots=True)
class Hole:
    """A string that reads names of the prompt's `own`; `around` is what else it may read."""

    value: Value
    own: Collection[str]
    around: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Text, some of which is not known yet."""

    segments: tuple[str | Hole, ...]


def bind(
    value: Value, own: Collection[str], names: Mapping[str, JSON], evaluate: Evaluate
) -> Prompt | None:
    """Return the prompt that a caller who sees `names` hands over as `value`.

    `own` are the names it may use besides, and they win. What was a prompt already stays it.
    """
    if isinstance(value, Text):
        return Prompt(tuple(_segment(each, own, names, evaluate) for each in value.segments))
    if _reads(value, own):
        return Prompt((Hole(value, own, names),))
    found = evaluate(value, names)
    if found is None or isinstance(found, Prompt):
        return found
    return Prompt((_string(found),))


def fill(prompt: Prompt, names: Mapping[str, JSON], evaluate: Evaluate) -> str:
    """Return the text of `prompt` with its own names standing for what `names` has for them."""
    return "".join(
        each if isinstance(each, str) else _filled(each, names, evaluate)
        for each in prompt.segments
    )


def _segment(
    segment: str | Slot, own: Collection[str], names: Mapping[str, JSON], evaluate: Evaluate
) -> str | Hole:
    if isinstance(segment, str):
        return segment
    if _reads(segment.value, own):
        return Hole(Text((segment,)), own, names)
    return _string(evaluate(Text((segment,)), names))


def _filled(hole: Hole, names: Mapping[str, JSON], evaluate: Evaluate) -> str:
    own = {name: names.get(name) for name in hole.own}
    return _string(evaluate(hole.value, {**hole.around, **own}))


def _string(value: JSON) -> str:
    if isinstance(value, str):
        return value
    raise EvaluationError("wrong-type", "", "this is no string, where a prompt is wanted")


def _reads(value: Value, own: Collection[str]) -> bool:
    return any(isinstance(leaf, Name) and leaf.id in own for leaf in leaves(value))
