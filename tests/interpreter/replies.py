"""What a scripted model says: words from a hash of all it was given, in the form that is asked."""

from collections.abc import Mapping
from typing import Any

from spec.formatters import compact
from spec.meter import Meter
from spec.values import JSON
from tests.interpreter.described import described
from tests.interpreter.dice import Dice
from tests.interpreter.outcome import Fault

_ITEMS_MAX = 4
_UNASKED: Mapping[str, JSON] = {
    "items": None, "value": None, "message": None, "messages": None, "tool_calls": None,
}  # fmt: skip


def call(params: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return what a prefill hands to its decode: all that was read."""
    return {name: params[name] for name in ("prompt", "system", "messages", "tools")}


def reply(params: Mapping[str, JSON], seed: str) -> dict[str, Any] | Fault:
    """Return all that a decode gives, or the fault of a list that is too short."""
    dice = Dice(seed)
    match params["form"]:
        case "list":
            return _listed(params, dice)
        case "json":
            value = described(params["schema"], dice)
            return {**_UNASKED, "text": compact(value, Meter()), "value": value}
        case _:
            return _said(params["call"], dice)


def _listed(params: Mapping[str, JSON], dice: Dice) -> dict[str, Any] | Fault:
    wanted = params["items"] or dice.between(1, _ITEMS_MAX)
    if wanted < params["min_items"]:
        return Fault("too-few-items", f"{wanted}, not {params['min_items']}", transient=True)
    schema = params["schema"]
    items = [dice.words(2) if schema is None else described(schema, dice) for _ in range(wanted)]
    return {**_UNASKED, "text": compact(items, Meter()), "items": items}


def _said(call: Mapping[str, JSON], dice: Dice) -> dict[str, Any]:
    text = dice.words(4)
    calls = _tool_calls(call["tools"], dice)
    message = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
    prompt = call["prompt"]
    asked = [] if prompt is None else [{"role": "user", "content": prompt}]
    return {
        **_UNASKED,
        "text": text,
        "message": message,
        "messages": [*call["messages"], *asked, message],
        "tool_calls": calls,
    }


def _tool_calls(tools: list[str], dice: Dice) -> list[dict[str, JSON]]:
    if not tools or not dice.below(2):
        return []
    return [
        {
            "id": f"call_{dice.word()}",
            "name": tools[dice.below(len(tools))],
            "arguments": {"about": dice.word()},
        }
        for _ in range(dice.between(1, 2))
    ]
