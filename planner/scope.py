"""What the names of one document stand for while it is opened into primitives."""

from collections.abc import Collection, Mapping
from dataclasses import field

from planner.graph import Secret
from spec.records import record
from spec.values import ListOf, Literal, Member, Name, ObjectOf, Value, rewrite


@record
class Scope:
    """`inputs` are what the caller gave; `steps` the fields of each step opened so far.

    `own` are the names that a prompt declares: they win, and stay until the prompt is used.
    `elements` are `item` and its kin.
    """

    inputs: Mapping[str, Value]
    steps: Mapping[str, Mapping[str, Value]]
    own: Collection[str] = ()
    elements: Mapping[str, Value] = field(default_factory=dict)

    def seeing(self, elements: Mapping[str, Value]) -> "Scope":
        """Return this scope with `elements`, which win over those there are."""
        return Scope(self.inputs, self.steps, self.own, {**self.elements, **elements})

    def inside(self, own: Collection[str]) -> "Scope":
        """Return this scope as the text of a prompt with names of its `own` sees it."""
        return Scope(self.inputs, self.steps, own, self.elements) if own else self

    def resolve(self, value: Value) -> Value:
        """Return `value` with every name of this scope replaced by what it stands for."""
        kind = type(value)
        if kind is Literal:
            return value
        if kind is Member:
            return self._member(value)  # type: ignore[arg-type]  # its type was just looked at
        return rewrite(value, self._replacement)

    def _replacement(self, value: Value) -> Value | None:
        if isinstance(value, Name):
            return value if value.id in self.own else self._named(value.id)
        return self._member(value) if isinstance(value, Member) else None

    def _member(self, value: Member) -> Value:
        of, key = value.of, value.key
        if isinstance(key, str):
            if type(of) is Name:
                return self._field(value, of.id, key)
        elif not isinstance(key, int):
            key = _known(self.resolve(key))
        elif isinstance(of, Name) and of.id in self.own:
            return value
        return member(self.resolve(of), key)

    def _field(self, value: Member, name: str, key: str) -> Value:
        """Return what a field of a name is: `value` itself, where the name is a prompt's own."""
        if name in self.own:
            return value
        if name == "inputs":
            return self.inputs[key]
        if name == "secret":
            return Secret(key)
        if name in self.steps:
            return self.steps[name][key]
        return member(self.resolve(value.of), key)

    def _named(self, id: str) -> Value | None:
        """Return what a name alone stands for: an element, or the one field of a step."""
        if id in self.elements:
            return self.elements[id]
        if id in self.steps:
            (only,) = self.steps[id].values()
            return only
        return None


def fill_names(prompt: Value, names: Value) -> Value:
    """Return `prompt` with its own names replaced by the fields of `names`."""
    if type(prompt) is Literal:
        return prompt
    return rewrite(prompt, lambda part: _field(names, part.id) if isinstance(part, Name) else None)


def _field(names: Value, id: str) -> Value | None:
    """Return what `names` has for `id`, or None where it is known to have nothing."""
    match names:
        case ObjectOf(fields):
            return dict(fields).get(id)
        case Literal(dict() as fields):
            return Literal(fields[id]) if id in fields else None
        case Literal():
            return None
    return Member(names, id)


def _known(key: Value) -> str | int | Value:
    """Return the key that a computed one has turned out to be, or else how it is computed."""
    if isinstance(key, Literal) and type(key.value) in (str, int):
        known: str | int = key.value
        return known
    return key


def member(of: Value, key: str | int | Value) -> Value:
    """Return what `key` reads of a value: now, where its parts are known, else in the run."""
    match of, key:
        case ObjectOf(fields), str():
            return dict(fields).get(key, Literal(None))
        case Literal(dict() as known), str():
            return Literal(known.get(key))
        case ListOf(items), int() if -len(items) <= key < len(items):
            return items[key]
    return Member(of, key)
