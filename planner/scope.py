"""What the names of one document stand for while it is opened into primitives."""

from collections.abc import Mapping
from dataclasses import dataclass

from spec.values import ListOf, Literal, Member, Name, ObjectOf, Value, rewrite


@dataclass(frozen=True, slots=True)
class Scope:
    """`inputs` are what the caller gave; `steps` the fields of each step opened so far."""

    inputs: Mapping[str, Value]
    steps: Mapping[str, Mapping[str, Value]]

    def resolve(self, value: Value) -> Value:
        """Return `value` with every name of this scope replaced by what it stands for.

        A name this scope does not know stays: a prompt's own name, filled where it is used.
        """
        return rewrite(value, self._replacement)

    def _replacement(self, value: Value) -> Value | None:
        match value:
            case Member(Name("inputs"), str(key)):
                return self.inputs[key]
            case Member(Name(step), str(key)) if step in self.steps:
                return self.steps[step][key]
            case Name(step) if step in self.steps:
                (only,) = self.steps[step].values()
                return only
            case Member(of, key):
                if not isinstance(key, str | int):
                    key = _known(self.resolve(key))
                return _member(self.resolve(of), key)
        return None


def fill_names(prompt: Value, names: Value) -> Value:
    """Return `prompt` with its own names replaced by the fields of `names`."""
    fields = _fields(names)
    return rewrite(prompt, lambda part: fields.get(part.id) if isinstance(part, Name) else None)


def _fields(names: Value) -> dict[str, Value]:
    match names:
        case ObjectOf(fields):
            return dict(fields)
        case Literal(dict() as fields):
            return {key: Literal(value) for key, value in fields.items()}
    return {}


def _known(key: Value) -> str | int | Value:
    """Return the key that a computed one has turned out to be, or else how it is computed."""
    if isinstance(key, Literal) and type(key.value) in (str, int):
        known: str | int = key.value
        return known
    return key


def _member(of: Value, key: str | int | Value) -> Value:
    """Read `key` now where the parts are known, else leave it to the run."""
    match of, key:
        case ObjectOf(fields), str():
            return dict(fields).get(key, Literal(None))
        case ListOf(items), int() if -len(items) <= key < len(items):
            return items[key]
    return Member(of, key)
