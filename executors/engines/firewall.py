"""What may leave for a foreign server: parameters on a list, each typed, finite and bounded.

What is not listed here is never sent, whatever a request holds.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

CHARS_MAX = 4_000_000
MESSAGES_MAX = 10_000
TOKENS_MAX = 1_000_000
STOPS_MAX = 16
STOP_CHARS_MAX = 1_000
CALLS_MAX = 128
#: The range of priorities, more is sooner: a run's and a step's together, and room below them.
PRIORITY_MAX = 100
_INT64 = 2**63
ROLES = ("system", "user", "assistant", "tool")


class NotSendable(Exception):
    """A parameter that may not leave; the message says why."""


def sampling(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of sampling that are given. Raise `NotSendable`."""
    return {
        name: check(name, args[name])
        for name, check in _SAMPLING.items()
        if args.get(name) is not None
    }


def priority(value: Any) -> int:
    """Return a priority, more is sooner, if it can be sent. Raise `NotSendable`."""
    return _whole(-PRIORITY_MAX, PRIORITY_MAX)("priority", value)


def text(name: str, value: Any) -> str:
    """Return `value` if it is text that can be sent. Raise `NotSendable`."""
    if not isinstance(value, str):
        raise NotSendable(f"`{name}` must be text")
    if len(value) > CHARS_MAX:
        raise NotSendable(f"`{name}` has {len(value)} characters; at most {CHARS_MAX} are sent")
    if not _is_unicode(value):
        raise NotSendable(f"`{name}` holds half a surrogate pair")
    return value


def message(value: Any) -> dict[str, Any]:
    """Return one message with what is known of messages and nothing else. Raise `NotSendable`."""
    if not isinstance(value, dict) or value.get("role") not in ROLES:
        raise NotSendable(f"a message needs a `role`, one of {', '.join(ROLES)}")
    found: dict[str, Any] = {"role": value["role"]}
    found["content"] = text("content", value.get("content") or "")
    if value.get("tool_call_id") is not None:
        found["tool_call_id"] = text("tool_call_id", value["tool_call_id"])
    if calls := value.get("tool_calls"):
        if not isinstance(calls, list) or len(calls) > CALLS_MAX:
            raise NotSendable(f"`tool_calls` must be a list of at most {CALLS_MAX}")
        found["tool_calls"] = [_tool_call(call) for call in calls]
    return found


def texts(name: str, value: Any) -> list[str]:
    """Return the texts of a list of strings or docs. Raise `NotSendable`."""
    if not isinstance(value, list):
        raise NotSendable(f"`{name}` must be a list of strings or docs")
    return [
        text(f"{name}[{at}]", item.get("text") if isinstance(item, dict) else item)
        for at, item in enumerate(value)
    ]


def _tool_call(call: Any) -> dict[str, Any]:
    if not isinstance(call, dict) or not isinstance(call.get("arguments"), dict):
        raise NotSendable("a tool call needs `id`, `name` and an object `arguments`")
    return {
        "id": text("id", call.get("id")),
        "name": text("name", call.get("name")),
        "arguments": call["arguments"],
    }


def _temperature(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotSendable(f"`{name}` must be a number")
    if not (math.isfinite(value) and 0 <= value <= 2):
        raise NotSendable(f"`{name}` must be from 0 to 2")
    return value


def _whole(least: int, most: int) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise NotSendable(f"`{name}` must be a whole number from {least} to {most}")
        return value

    return check


def _stop(name: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > STOPS_MAX:
        raise NotSendable(f"`{name}` must be a list of at most {STOPS_MAX} texts")
    for each in value:
        if (
            not isinstance(each, str)
            or not 0 < len(each) <= STOP_CHARS_MAX
            or not _is_unicode(each)
        ):
            raise NotSendable(f"`{name}` must hold texts of 1 to {STOP_CHARS_MAX} characters")
    return list(value)


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


_SAMPLING: Mapping[str, Callable[[str, Any], Any]] = {
    "temperature": _temperature,
    "max_tokens": _whole(1, TOKENS_MAX),
    "stop": _stop,
    "seed": _whole(-_INT64, _INT64 - 1),
}
