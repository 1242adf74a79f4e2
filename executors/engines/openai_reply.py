"""From what an OpenAI-compatible server streams to text, tool calls and usage. Pure.

Nothing of a server's answer is taken for granted; what is not understood is a `ServerFailed`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from executors.engines.server_errors import ServerFailed, not_understood, refused_within
from executors.engines.stop_strings import StopStrings
from executors.usage import Usage, count_of
from spec.values import JSON

CALLS_MAX = 128
_END = b"[DONE]"


@dataclass(slots=True)
class _Call:
    """A tool call as far as it has come."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Reply:
    """One reply while it is read. `begun`: the model has said something, if only to itself.

    `stops` cut its text where the server was not told to.
    """

    secret: str | None = field(default=None, repr=False)
    stops: StopStrings = field(default_factory=StopStrings)
    begun: bool = False
    ended: bool = False  #: nothing more is to come
    _text: list[str] = field(default_factory=list)
    _calls: dict[int, _Call] = field(default_factory=dict)
    _counted: Usage = field(default_factory=Usage)
    _told: Usage = field(default_factory=Usage)
    _finish: str | None = None

    @property
    def usage(self) -> Usage:
        """What the reply has cost so far."""
        return replace(self._counted, replies_cut=int(self._finish == "length"))

    def newly_counted(self) -> Usage | None:
        """Return what the reply has cost so far, if more than when last asked, until it is whole.

        It may be given up at any time, and is not asked any more then.
        """
        if self.finished or self._counted == self._told:
            return None
        self._told = self._counted
        return self._counted

    @property
    def finished(self) -> bool:
        """Whether the model has said all it wanted to."""
        return self._finish is not None

    def take(self, data: bytes) -> str:
        """Take one event of a stream; return the text that it adds. Raise `ServerFailed`."""
        if data.strip() == _END:
            self.ended = True
            return ""
        found = self._read(data)
        piece = ""
        for choice in _objects(found, "choices"):
            piece += self._choice(choice, choice.get("delta"))
        return self._add(piece)

    def take_whole(self, data: bytes) -> str:
        """Take an answer that came in one piece instead of a stream; return its text."""
        found = self._read(data)
        choices = _objects(found, "choices")
        if not choices:
            raise not_understood("it holds no choice")
        piece = self._choice(choices[0], choices[0].get("message"))
        self._finish = self._finish or "stop"
        self.ended = True
        return self._add(piece)

    def outputs(self) -> dict[str, Any]:
        """Return what the call gives. Raise `ServerFailed` where the reply is not whole."""
        if self._finish is None:
            detail = "the server broke off its answer"
            raise ServerFailed("engine-error", detail, transient=True)
        if self._finish == "content_filter":
            raise ServerFailed("content-refused", "the server filtered the reply", transient=False)
        calls = [_parsed(call) for _, call in sorted(self._calls.items())]
        return {"text": "".join(self._text)} | ({"tool_calls": calls} if calls else {})

    def _add(self, piece: str) -> str:
        """Add `piece` as far as it comes before a stop string; return that."""
        piece = self.stops.take(piece)
        if self.stops.found:
            self._finish = self._finish or "stop"
            self.ended = True
        elif self.finished:
            piece += self.stops.rest()
        self._text.append(piece)
        return piece

    def _read(self, data: bytes) -> dict[str, JSON]:
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise not_understood("what it sent is no JSON") from None
        if not isinstance(found, dict):
            raise not_understood("what it sent is no object")
        if found.get("error"):
            raise refused_within(found["error"], self.secret)
        if isinstance(found.get("usage"), dict):
            self._counted = usage_of(found["usage"])
        return found

    def _choice(self, choice: Mapping[str, JSON], said: JSON) -> str:
        if choice.get("index") not in (0, None):
            raise not_understood("it holds more than one choice")
        if isinstance(choice.get("finish_reason"), str):
            self._finish = choice["finish_reason"]
            self.begun = True
        if not isinstance(said, dict):
            piece = _text(choice, "text")  # of plain completions
            self.begun |= bool(piece)
            return piece
        if refusal := _text(said, "refusal"):
            raise ServerFailed(
                "content-refused", f"the model refused: {refusal:.200}", transient=False
            )
        for call in _objects(said, "tool_calls"):
            self._call(call)
        piece = _text(said, "content")
        self.begun |= bool(piece or self._calls)
        self.begun |= any(_text(said, name) for name in ("reasoning", "reasoning_content"))
        return piece

    def _call(self, piece: Mapping[str, JSON]) -> None:
        at = piece.get("index", len(self._calls))
        if not isinstance(at, int) or not 0 <= at < CALLS_MAX:
            raise not_understood("a tool call has no place")
        call = self._calls.setdefault(at, _Call())
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        call.id = call.id or _text(piece, "id")
        call.name += _text(function, "name")
        call.arguments += _text(function, "arguments")


def _parsed(call: _Call) -> dict[str, JSON]:
    try:
        arguments = orjson.loads(call.arguments or "{}")
    except orjson.JSONDecodeError:
        arguments = None
    if not isinstance(arguments, dict) or not call.name:
        detail = f"the model asked for the tool '{call.name:.80}' with arguments that are no object"
        raise ServerFailed("bad-reply", detail, transient=True)
    return {"id": call.id, "name": call.name, "arguments": arguments}


def _objects(found: Mapping[str, JSON], key: str) -> list[dict[str, JSON]]:
    given = found.get(key) or []
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise not_understood(f"its `{key}` are no list of objects")
    return given


def _text(found: Mapping[str, JSON], key: str) -> str:
    given = found.get(key)
    if given is None:
        return ""
    if not isinstance(given, str):
        raise not_understood(f"its `{key}` is no text")
    return given


def usage_of(found: Mapping[str, JSON]) -> Usage:
    """Return the tokens that a server has counted, zero where it has not."""
    details = found.get("prompt_tokens_details")
    return Usage(
        tokens_in=count_of(found.get("prompt_tokens")),
        tokens_out=count_of(found.get("completion_tokens")),
        tokens_cached=count_of(details.get("cached_tokens") if isinstance(details, dict) else None),
    )
