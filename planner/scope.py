"""What the names of one document stand for while it is opened into primitives."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from planner.graph import Secret
from spec.values import ListOf, Literal, Member, Name, ObjectOf, Value, rewrite


@dataclass(frozen=True, slots=True)
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
        return replace(self, elements={**self.elements, **elements})

    def inside(self, own: Collection[str]) -> "Scope":
        """Return this scope as the text of a prompt with names of its `own` sees it."""
        return replace(self, own=own) if own else self

    def resolve(self, value: Value) -> Value:
        """Return `value` with every name of this scope replaced by what it stands for."""
        return rewrite(value, self._replacement)

    def _replacement(self, value: Value) -> Value | None:
        match value:
            case Name(id) | Member(Name(id), str() | int()) if id in self.own:
                return value
            case Name(id):
                return self._named(id)
            case Member(Name("inputs"), str(key)):
                return self.inputs[key]
            case Member(Name("secret"), str(key)):
                return Secret(key)
            case Member(Name(step), str(key)) if step in self.steps:
                return self.steps[step][key]
            case Member(of, key):
                if not isinstance(key, str | int):
                    key = _known(self.resolve(key))
                return member(self.resolve(of), key)
        return None

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
