"""What the names on a page stand for, and of what type each path from them is.

Unknown is an answer: None says that something else is wrong already, and that nothing follows.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from spec.codes import Code
from spec.data import article
from spec.guards import Guards
from spec.limits import NAMES_COMPARED_MAX
from spec.model import Input
from spec.names import ELEMENT_NAMES
from spec.parsed import Path, Reference
from spec.problems import listed, nearest, quoted
from spec.schemas import type_of_schema
from spec.types import ANY, OBJECT, RECORDS, STRING, Type
from spec.values import JSON, Member, Name, ObjectOf, Value, rewrite
from spec.written import Written


@dataclass(slots=True)
class Shape:
    """The type of a value and, for objects that a schema describes, that schema.

    `collect` names the field that this is where joining its lists, one per element, would do.
    """

    type: Type
    schema: JSON = None
    collect: str | None = None


class Unresolved(Exception):
    """A path that leads nowhere; `segment` counts to the first name that does not exist.

    What to say of it, and what was meant, is only worked out for those who ask.
    """

    def __init__(
        self,
        code: Code,
        segment: int,
        said: str,
        name: str = "",
        known: Collection[str] | None = None,
    ) -> None:
        super().__init__(said)
        self.code = code
        self.segment = segment
        self.said = said
        self.name = name
        self.known = known

    @property
    def detail(self) -> str:
        """What is wrong, and which names there are."""
        return self.said if self.known is None else f"{self.said}; {_listed(self.known)}"

    @property
    def hint(self) -> str | None:
        """The right name that is nearest to the wrong one."""
        return nearest(self.name, self.known or ())


class _NoSuchName(Unresolved):
    """A first name of a path that is nothing in `scope`."""

    def __init__(self, scope: "Scope", name: str) -> None:
        super().__init__("unknown-reference", 0, f"{quoted(name)} is no step here", name)
        self.scope = scope

    @property
    def detail(self) -> str:
        if self.name in ELEMENT_NAMES:
            keys = " or ".join(map(quoted, ELEMENT_NAMES[self.name]))
            return f"{quoted(self.name)} exists only in the body of a step with {keys}"
        return f"{self.said}; {_listed(self.scope.readable())}"

    @property
    def hint(self) -> str | None:
        if self.name in self.scope.inputs:
            return f"inputs.{self.name}"
        return nearest(self.name, [*self.scope.readable(), "inputs"])


Fields: TypeAlias = Mapping[str, Shape | None]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a step gives where everything in `keys` is known to hold."""

    keys: frozenset[Hashable]
    fields: Fields


@dataclass(slots=True)
class Scope:
    """Names that may be read in one place. A step or an input that is None is there, but unknown.

    `names` are the ones a prompt declares; they win over the others. `elements` are `item` and its
    kin. `opened` says what each step under a condition gives where that is known to have held, as
    `guards` may say. `hidden` are steps that may not be read: the blocks one is in. `loop` is the
    state of the loop one is in. `unread` says of `inputs` and `steps` that there may be others,
    in what could not be read. `objects` are what `inputs` and `loop` alone are written out as,
    made once for all who name them.
    """

    inputs: Mapping[str, Input | None]
    steps: Mapping[str, Fields | None]
    names: Mapping[str, Type] = field(default_factory=dict)
    elements: Fields = field(default_factory=dict)
    opened: Mapping[str, Opened] = field(default_factory=dict)
    guards: Guards = field(default_factory=Guards)
    hidden: frozenset[str] = frozenset()
    loop: Fields | None = None
    unread: frozenset[str] = frozenset()
    objects: Mapping[str, Value] = field(default_factory=dict)

    @staticmethod
    def of_document(inputs: Mapping[str, Input | None], unread: frozenset[str]) -> "Scope":
        """Return what all parts of a document may read."""
        objects = {"inputs": as_object("inputs", inputs)}
        return Scope(inputs, {}, unread=unread, objects=objects)

    def is_step(self, name: str) -> bool:
        """Whether `name` stands for a step, and not for a name that wins over it."""
        return name in self.steps and name not in self.names

    def readable(self) -> list[str]:
        """Return the names that may be read here, but `inputs`, and as many as are looked at."""
        seen = [id for id in islice(self.steps, NAMES_COMPARED_MAX) if id not in self.hidden]
        return [*seen, *self.names, *self.elements]

    def resolve(self, reference: Reference) -> Shape | None:
        """Return the shape of what `reference` reads. Raises `Unresolved`."""
        return self._walk(reference.name, reference.path)

    def naming(self, names: Mapping[str, Type]) -> "Scope":
        """Return this scope with the `names` that a prompt declares."""
        return self._but(names=names) if names or self.names else self

    def under(self, guards: Guards, elements: Fields | None = None) -> "Scope":
        """Return this scope where other `guards` hold, and maybe with other `elements`."""
        return self._but(guards=guards, elements=elements)

    def _but(
        self,
        *,
        names: Mapping[str, Type] | None = None,
        elements: Fields | None = None,
        guards: Guards | None = None,
    ) -> "Scope":
        """Return this scope with some of it replaced: `replace` takes ten times as long."""
        return Scope(
            self.inputs,
            self.steps,
            self.names if names is None else names,
            self.elements if elements is None else elements,
            self.opened,
            self.guards if guards is None else guards,
            self.hidden,
            self.loop,
            self.unread,
            self.objects,
        )

    def written_out(self, written: Written) -> Value:
        """Return the value of `written`, canonical."""
        return self.canonical(written.value) if written.names_alone else written.value

    def canonical(self, value: Value) -> Value:
        """Return `value` with every name alone written out: a step's field, all the inputs."""
        return rewrite(value, self._canonical)

    def _canonical(self, value: Value) -> Value | None:
        match value:
            case Name(id):
                return self._whole(id)
            case Member(Name(), str() | int()):
                return value
            case _:
                return None

    def _whole(self, name: str) -> Value:
        if name in self.names or name in self.elements:
            return Name(name)
        if name in self.objects:
            return self.objects[name]
        fields = self.steps.get(name)
        only = only_field(fields) if fields else None
        return Member(Name(name), only) if only else Name(name)

    def _walk(self, name: str, path: Path) -> Shape | None:
        if name in self.names:
            return self.under(Guards())._along(Shape(self.names[name]), path, 1)
        if name in self.elements:
            return self._along(self.elements[name], path, 1)
        if name == "inputs":
            return self._input(path)
        if name == "secret":
            return _secret(path)
        if name in self.steps and name not in self.hidden:
            return self._step(name, path)
        if name == "loop" and self.loop is not None:
            return self._state(self.loop, path)
        if "steps" in self.unread and name not in self.hidden and name not in ELEMENT_NAMES:
            return None
        raise _NoSuchName(self, name)

    def _input(self, path: Path) -> Shape | None:
        if len(path) == 1:
            return Shape(OBJECT)
        id = path[1]
        if id not in self.inputs and "inputs" in self.unread:
            return None
        if id not in self.inputs:
            detail = f"there is no input {quoted(str(id))}"
            raise Unresolved("unknown-reference", 1, detail, str(id), self.inputs)
        input = self.inputs[str(id)]
        shape = Shape(input.type, input.schema) if input else None
        return self._along(shape, path, 2)

    def _state(self, state: Fields, path: Path) -> Shape | None:
        if len(path) == 1:
            return Shape(OBJECT)
        id = str(path[1])
        if not state:
            return None
        if id not in state:
            detail = f"the state of the loop has no {quoted(id)}"
            raise Unresolved("unknown-reference", 1, detail, id, state)
        return self._along(state[id], path, 2)

    def _step(self, name: str, path: Path) -> Shape | None:
        fields = self._fields(name)
        if fields is None:
            return None
        if len(path) == 1:
            only = only_field(fields)
            if only is None:
                detail = f"{quoted(name)} has several fields; name one: {listed(fields)}"
                raise Unresolved("wrong-type", 0, detail)
            return self._along(fields[only], (name, only), 2)
        key = str(path[1])
        if key not in fields:
            detail = f"{quoted(name)} has no field {quoted(key)}"
            raise Unresolved("unknown-reference", 1, detail, key, fields)
        return self._along(fields[key], path, 2)

    def _fields(self, name: str) -> Fields | None:
        opened = self.opened.get(name)
        if opened is not None and self.guards.hold(opened.keys):
            return opened.fields
        return self.steps[name]

    def _along(self, shape: Shape | None, path: Path, known: int) -> Shape | None:
        """Follow `path`, whose first `known` names lead to `shape`."""
        shape = self._sure(shape, path, known)
        for segment in range(known, len(path)):
            if shape is None:
                return None
            below = nullable(member(shape, path[segment], segment), shape.type.optional)
            shape = self._sure(below, path, segment + 1)
        return shape

    def _sure(self, shape: Shape | None, path: Path, known: int) -> Shape | None:
        if shape is None or not shape.type.optional or not self.guards.sure_of(path[:known]):
            return shape
        return Shape(shape.type.or_null(False), shape.schema)


def as_object(name: str, keys: Iterable[str]) -> Value:
    """Return the object that `name` is, with each of its `keys` read from it."""
    return ObjectOf(tuple((key, Member(Name(name), key)) for key in keys))


def only_field(fields: Fields) -> str | None:
    """Return the field that the step's name alone means, if it has exactly one."""
    return next(iter(fields)) if len(fields) == 1 else None


def nullable(shape: Shape, optional: bool) -> Shape:
    """Return `shape`, with null in it too if `optional`."""
    return Shape(shape.type.or_null(), shape.schema) if optional else shape


def list_of(shape: Shape) -> Shape:
    """Return the shape of a list whose elements are of `shape`."""
    return Shape(shape.type.listed(), {"items": shape.schema} if shape.schema else None)


def member(shape: Shape, key: str | int, segment: int) -> Shape:
    """Return the shape of what `key` reads from `shape`, null aside. Raises `Unresolved`."""
    type = shape.type
    if type.is_any:
        return Shape(ANY)
    if type.is_opaque:
        detail = f"`{type}` can only be handed on: nothing can be read from it"
        raise Unresolved("unknown-reference", segment, detail)
    if isinstance(key, int):
        return _element(shape, segment)
    if type.lists:
        detail = f"a list (`{type}`) has no field {quoted(key)}; take an element, as in `[0]`"
        raise Unresolved("unknown-reference", segment, detail)
    if type.word in RECORDS:
        return Shape(_record_field(type.word, key, segment))
    if type.word == "object":
        return _property(shape.schema, key, segment)
    detail = f"{article(type.or_null(False))} has no field {quoted(key)}"
    raise Unresolved("unknown-reference", segment, detail)


def _element(shape: Shape, segment: int) -> Shape:
    if shape.type.lists:
        items = shape.schema.get("items") if isinstance(shape.schema, dict) else None
        return Shape(shape.type.element(), items)
    if shape.type.word == "string":
        return Shape(STRING)
    detail = f"`{shape.type}` is no list: it has no position"
    raise Unresolved("unknown-reference", segment, detail)


def _record_field(word: str, key: str, segment: int) -> Type:
    fields = RECORDS[word]
    if key not in fields:
        detail = f"a `{word}` has no field {quoted(key)}"
        raise Unresolved("unknown-reference", segment, detail, key, fields)
    return fields[key]


def _property(schema: JSON, key: str, segment: int) -> Shape:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return Shape(ANY)
    if key in properties:
        required = key in schema.get("required", ())
        type = type_of_schema(properties[key])
        return Shape(type if required else type.or_null(), properties[key])
    if schema.get("additionalProperties") is False:
        detail = f"this object has no field {quoted(key)}"
        raise Unresolved("unknown-reference", segment, detail, key, properties)
    return Shape(ANY)


def _secret(path: Path) -> Shape:
    if len(path) != 2 or not isinstance(path[1], str):
        raise Unresolved("unknown-reference", 0, "a secret is named as `$secret.NAME`")
    return Shape(Type("secret"))


def _listed(known: Collection[str]) -> str:
    shown = ", ".join(quoted(name) for name in islice(known, 8))
    return f"known: {shown or 'none'}{', …' * (len(known) > 8)}"
