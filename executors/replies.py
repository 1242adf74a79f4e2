"""From what a language model said to the outputs of a step, for every such engine alike.

Pure: an engine gives text and the tools asked for; the form that the step wants is worked out here.
docs/replies.md says the rules in words.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from executors.engines.engine import Fault, Request
from executors.reply_items import NotAnItem, ReplyItems
from executors.reply_items import first_object as first_json
from spec.schema_refusals import refusals
from spec.values import JSON

_ECHO_CHARS_MAX = 160


class BadReply(Exception):
    """A reply that is not what the step asks for. `transient`: asking again may help."""

    def __init__(self, code: str, detail: str, *, transient: bool) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.transient = transient


def complete(request: Request, outputs: Mapping[str, Any]) -> Mapping[str, Any] | Fault:
    """Return `outputs` with all that follows from the reply in them; a `Fault` if it is a bad one.

    What the form of the step does not give is null. Outputs of anything but an LLM call, or without
    a text, are left as they are.
    """
    text = outputs.get("text")
    if request.op != "decode" or not isinstance(text, str):
        return outputs
    args = request.args
    items: list[JSON] | None = None
    value: JSON = None
    try:
        match args.get("form", "text"):
            case "list":
                items = whole_list(text, args)
            case "json":
                value = first_object(text, args.get("schema"))
    except BadReply as error:
        return Fault(request.id, error.code, error.detail, transient=error.transient)
    calls = list(outputs.get("tool_calls") or ())
    message = {"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})
    said = {
        "items": items,
        "value": value,
        "message": message,
        "messages": [*_asked(args), message],
        "tool_calls": calls,
    }
    return {**outputs, **said}


class ListReply:
    """The items of one reply as they come: of the form that is asked for, and no more than asked.

    Every method raises `BadReply` for an item that is not of the form.
    """

    def __init__(self, args: Mapping[str, Any]) -> None:
        self._most = args.get("items")
        self._least = args.get("min_items") or 0
        self._schema = args.get("schema")
        self._reader = ReplyItems()
        self._count = 0

    @property
    def full(self) -> bool:
        """Whether all items asked for are there, so that the rest of the reply is not wanted."""
        return self._most is not None and self._count >= self._most

    @property
    def closed(self) -> bool:
        """Whether no more items can come: all that were asked for are there, or the list is closed.

        What follows is not read.
        """
        return self.full or self._reader.closed

    def feed(self, text: str) -> list[JSON]:
        """Take the next piece of the reply; return the items that are closed by it."""
        return self._accepted(text)

    def end(self) -> list[JSON]:
        """Return the last items. Raise `BadReply` when there are fewer than there have to be."""
        last = self._accepted(None)
        if self._count < self._least:
            detail = f"the reply has {self._count} items, at least {self._least} are asked for"
            raise BadReply("too-few-items", detail, transient=False)
        return last

    def _accepted(self, text: str | None) -> list[JSON]:
        if self.full:
            return []
        try:
            found = self._reader.end() if text is None else self._reader.feed(text)
        except NotAnItem as error:
            raise _bad(f"item {self._count + 1} of the reply is no JSON: {error}") from None
        if self._most is not None:
            found = found[: self._most - self._count]
        items = [self._item(self._count + at, value) for at, value in enumerate(found, 1)]
        self._count += len(items)
        return items

    def _item(self, number: int, value: JSON) -> JSON:
        if self._schema is not None:
            _hold_against(self._schema, value, f"item {number} of the reply")
            return value
        if isinstance(value, dict | list) or value is None:
            raise _bad(f"item {number} of the reply is no text: {_echo(value)}")
        return value if isinstance(value, str) else _json(value)


def whole_list(text: str, args: Mapping[str, Any]) -> list[JSON]:
    """Return the items of a whole reply. Raise `BadReply`."""
    reply = ListReply(args)
    return [*reply.feed(text), *reply.end()]


def first_object(text: str, schema: Mapping[str, JSON] | None) -> JSON:
    """Return the first JSON object in `text`. Raise `BadReply` if none fits `schema`."""
    try:
        value = first_json(text)
    except NotAnItem as error:
        raise _bad(f"the reply holds no JSON object: {error}") from None
    _hold_against(schema or {}, value, "the reply")
    return value


def _hold_against(schema: Mapping[str, JSON], value: JSON, what: str) -> None:
    for error in refusals(schema, value):
        where = "".join(f"/{key}" for key in error.pointer)
        place = f" at {where}" if where else ""
        raise _bad(f"{what} breaks its schema{place}: {error.detail}")


def _bad(detail: str) -> BadReply:
    return BadReply("bad-reply", detail, transient=True)


def _asked(args: Mapping[str, Any]) -> list[JSON]:
    """Return the conversation so far: what was given, then what the user said last."""
    given = list(args.get("messages") or ())
    prompt = args.get("prompt")
    return given if prompt is None else [*given, {"role": "user", "content": prompt}]


def _echo(value: JSON) -> str:
    shown = _json(value)
    return shown if len(shown) <= _ECHO_CHARS_MAX else shown[: _ECHO_CHARS_MAX - 1] + "…"


def _json(value: JSON) -> str:
    return orjson.dumps(value).decode()
