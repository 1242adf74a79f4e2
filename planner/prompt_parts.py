"""The parts of a call's prompt in the order in which a model reads them, and beginnings of it.

An engine reads what it is told of tools, then `system`, then `messages`, then `prompt`, whatever
else its template puts between.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from spec.records import record
from spec.values import ListOf, Literal, ObjectOf, Operation, Slot, Text, Value

#: A plain text, a slot of a text, or a value that is taken whole.
Segment: TypeAlias = str | Slot | Value

Params: TypeAlias = Mapping[str, Value]

#: Ports that a prompt is made of, in the order in which a model reads them.
READ = ("tools", "system", "messages", "prompt")
_NOTHING: Sequence[object] = (None, [], "")
_SAID = ("role", "content")


@record
class Part:
    """One part of the value at `port`; of a list of messages, of that at `place`."""

    port: str
    place: int
    segment: Segment


def parts_of(params: Params) -> tuple[Part, ...]:
    """Return the parts of a prompt in the order in which they are read.

    >>> from spec.values import Name
    >>> params = {"system": Literal("Be brief."), "prompt": Text(("Q: ", Slot(Name("q"))))}
    >>> [part.segment for part in parts_of(params)]
    ['Be brief.', 'Q: ', Slot(value=Name(id='q'), formatters=())]
    """
    found: list[Part] = []
    for port in READ:
        value = params.get(port, Literal(None))
        if isinstance(value, Literal) and value.value in _NOTHING:
            continue
        if port == "messages":
            found += _of_messages(value)
        else:
            found += [Part(port, 0, each) for each in _segments(value, text=port != "tools")]
    return tuple(found)


def beginning(params: Params, parts: Sequence[Part]) -> dict[str, Value]:
    """Return what a call is given whose prompt is known up to the last of `parts`, its first ones.

    Where all before its `prompt` is known, that has begun, be it with nothing.
    """
    found: dict[str, Value] = {}
    for port in READ:
        own = [part for part in parts if part.port == port]
        if own:
            found[port] = _messages(params[port], own) if port == "messages" else _text(own)
    before = [part for part in parts_of(params) if part.port != "prompt"]
    asked = params.get("prompt", Literal(None))
    if asked != Literal(None) and len(parts) == len(before):
        found["prompt"] = Literal("")
    return found


def _segments(value: Value, *, text: bool = True) -> Iterator[Segment]:
    match value:
        case Literal(str() as said) if text:
            yield said
        case Text(segments) if text:
            for segment in segments:
                if isinstance(segment, Slot) and not segment.formatters:
                    yield from _inlined(segment)
                else:
                    yield segment
        case _ if text:
            yield Slot(value)
        case _:
            yield value


def _inlined(slot: Slot) -> Iterator[Segment]:
    """Yield what is written into a slot, where that is a text itself."""
    match slot.value:
        case Text():
            yield from _segments(slot.value)
        case Literal(str() as said):
            yield said
        case _:
            yield slot


def _of_messages(value: Value) -> Iterator[Part]:
    for place, item in enumerate(_listed(value)):
        content = _content(item)
        segments = [item] if content is None else _segments(content)
        yield from (Part("messages", place, each) for each in segments)


def _listed(value: Value) -> Sequence[Value]:
    """Return what a list is joined from: its items, or lists that are read one after another."""
    match value:
        case ListOf(items):
            return items
        case Operation("+", operands):
            return operands
    return (value,)


def _content(item: Value) -> Value | None:
    """Return what a message says, if it has a role that is known and says nothing else."""
    if not isinstance(item, ObjectOf):
        return None
    fields = dict(item.fields)
    if tuple(fields) != _SAID or not isinstance(fields["role"], Literal):
        return None
    return fields["content"]


def _text(parts: Sequence[Part]) -> Value:
    segments = [part.segment for part in parts]
    if len(segments) == 1 and not isinstance(segments[0], str | Slot):
        return segments[0]
    return Text(tuple(each for each in segments if isinstance(each, str | Slot)))


def _messages(value: Value, parts: Sequence[Part]) -> Value:
    items = _listed(value)
    known = [_message(items[place], parts, place) for place in range(parts[-1].place + 1)]
    match value:
        case ListOf():
            return ListOf(tuple(known))
        case Operation("+") if len(known) > 1:
            return Operation("+", tuple(known))
    return known[0]


def _message(item: Value, parts: Sequence[Part], place: int) -> Value:
    content = _content(item)
    own = [part for part in parts if part.place == place]
    if content is None or not isinstance(item, ObjectOf):
        return item
    return ObjectOf((item.fields[0], ("content", _text(own))))
