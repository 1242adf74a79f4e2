"""The `inputs:` of a document: read when it is checked, applied when a run is accepted."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from spec.data import mismatches
from spec.model import Input, Origin
from spec.names import CONTROL_KEYS, is_id
from spec.problems import SpecError, echo, listed, nearest, quoted
from spec.report import Report
from spec.schema_error import SchemaError
from spec.schema_words import JSON_TYPES
from spec.schemas import schema_errors, type_of_schema
from spec.source import Pointer, Tree, pointer_text
from spec.types import ANY, MODULE_WORDS, STRING, WORDS, Type, parse_type
from spec.values import JSON

_OWN_KEYS = ("type", "description", "default", "names")


def check_inputs(
    inputs: Iterable[Input],
    given: Tree | Mapping[str, JSON],
    at: Pointer = (),
    source: str = "inputs",
) -> dict[str, JSON]:
    """Return what a run is given under `at`, defaults filled in, in the order declared.

    Raises `SpecError` with every input that is undeclared, missing or of another type.
    """
    tree = given if isinstance(given, Tree) else Tree.of(dict(given), source)
    report = Report(tree, [])
    values = tree.at(at)
    declared = {input.id: input for input in inputs}
    if not isinstance(values, dict):
        report.at_value("wrong-type", at, f"{echo(values)}, where an object of inputs is wanted")
    else:
        _check_given(report, at, values, declared)
    if report.problems:
        raise SpecError(report.problems, tree.page.name)
    return {id: values.get(id, input.default) for id, input in declared.items()}


def check_data(
    report: Report, pointer: Pointer, value: JSON, type: Type, schema: JSON = None
) -> None:
    """Report where plain data at `pointer` is not of `type`, or else does not meet `schema`."""
    wrong = list(mismatches(value, type, pointer))
    for mismatch in wrong:
        report.at_value("wrong-type", mismatch.pointer, mismatch.detail)
    if not wrong:
        check_schema(report, pointer, value, schema)


def check_schema(report: Report, pointer: Pointer, value: JSON, schema: JSON) -> None:
    """Report where plain data at `pointer` does not meet `schema`; null is the type's affair."""
    if value is None or not schema:
        return
    for error in report.schemas.of(schema).refusals(value):
        _report(report, pointer, error)


def check_author_schema(report: Report, pointer: Pointer, schema: Mapping[str, JSON]) -> bool:
    """Report what is wrong with the JSON Schema that stands at `pointer`; say whether it is sound.

    `schema` may have keywords more or less than what stands there.
    """
    sound = True
    for error in schema_errors(schema, report.regexes):
        sound = False
        _report(report, pointer, error)
    return sound


def read_inputs(report: Report, pointer: Pointer, *, in_module: bool) -> dict[str, Input | None]:
    """Read the declarations at `pointer`; one that cannot be used is None, but still declared."""
    found: dict[str, Input | None] = {}
    for id in report.tree.at(pointer):
        where = (*pointer, id)
        if not is_id(id):
            detail = f"{quoted(id)} is not of the form of an id: a-z, 0-9 and _, at most 64"
            report.at_key("bad-name", where, detail)
        elif id in CONTROL_KEYS:
            detail = f"{quoted(id)} is a key of steps; whoever calls this writes both side by side"
            report.at_key("bad-name", where, detail)
        found[id] = read_declaration(report, where, in_module=in_module)
    return found


def read_declaration(report: Report, pointer: Pointer, *, in_module: bool = False) -> Input | None:
    """Read the declaration at `pointer`: a type word or a JSON Schema. None if it is neither."""
    return _Declaration(report, pointer, in_module=in_module).read()


def read_types(report: Report, pointer: Pointer) -> dict[str, Type]:
    """Read names with a type word each, such as the ones a prompt declares."""
    words = report.tree.at(pointer)
    if not isinstance(words, dict):
        report.at_value("wrong-type", pointer, f"{echo(words)}, where an object is wanted")
        return {}
    found: dict[str, Type] = {}
    for name in words:
        found[name] = read_type(report, (*pointer, name), in_module=False) or ANY
    return found


def read_type(
    report: Report, pointer: Pointer, *, in_module: bool, more: tuple[str, ...] = ()
) -> Type | None:
    """Read the type word at `pointer`; report and return None when it is none.

    `more` are words that would have been right there too.
    """
    text = report.tree.at(pointer)
    if not isinstance(text, str):
        if report.knows(pointer):
            report.at_value("wrong-type", pointer, f"{echo(text)}, where a type word is wanted")
        return None
    type = parse_type(text)
    known = [word for word in WORDS if in_module or word not in MODULE_WORDS]
    if type is None or type.word not in known or (type.holes and not in_module):
        known += more
        detail = f"{quoted(text)} is not a type; types are {', '.join(known)}, with [] and ?"
        report.at_value("bad-value", pointer, detail, nearest(text.rstrip("[]?"), known))
        return None
    return type


def _check_given(
    report: Report, at: Pointer, values: Mapping[str, JSON], declared: Mapping[str, Input]
) -> None:
    misspelt = set()
    for id in values:
        if id not in declared:
            hint = nearest(id, declared)
            misspelt.add(hint)
            detail = f"there is no input {quoted(id)}; declared: {listed(declared)}"
            report.at_key("unknown-key", (*at, id), detail, hint)
    for id, input in declared.items():
        if id in values:
            check_data(report, (*at, id), values[id], input.type, input.schema)
        elif input.required and id not in misspelt:
            detail = f"the input {quoted(id)} is missing: {input.type}"
            report.at_key("missing-key", at, detail)


class _Declaration:
    """One entry of `inputs:`: a type word, or a JSON Schema whose type may be one."""

    def __init__(self, report: Report, pointer: Pointer, *, in_module: bool) -> None:
        self.report = report
        self.pointer = pointer
        self.in_module = in_module
        self.written = report.tree.at(pointer)

    def read(self) -> Input | None:
        if not self.report.knows(self.pointer):
            return None
        if not isinstance(self.written, dict):
            type = read_type(self.report, self.pointer, in_module=self.in_module)
            return None if type is None else self._input(type, {})
        return self._from_schema(self.written)

    def _from_schema(self, written: Mapping[str, JSON]) -> Input | None:
        before = len(self.report.problems)
        self._check_own_keys(written)
        type, schema = self._type(written)
        sound = check_author_schema(self.report, self.pointer, schema)
        if type is None or not sound or len(self.report.problems) > before:
            return None
        if self.written.get("type") not in (None, *JSON_TYPES):
            self._check_enum(type)
        return self._with_default(self._input(type, schema))

    def _check_own_keys(self, written: Mapping[str, JSON]) -> None:
        description = written.get("description", "")
        if not isinstance(description, str):
            detail = f"{echo(description)}, where a string is wanted"
            self.report.at_value("wrong-type", (*self.pointer, "description"), detail)

    def _check_enum(self, type: Type) -> None:
        choices = self.written.get("enum", ())
        for index, choice in enumerate(choices):
            for mismatch in mismatches(choice, type, (*self.pointer, "enum", index)):
                self.report.at_value("wrong-type", mismatch.pointer, mismatch.detail)

    def _type(self, written: Mapping[str, JSON]) -> tuple[Type | None, dict[str, JSON]]:
        """Return the type, and what a standard schema says besides it."""
        rest = {key: value for key, value in written.items() if key not in _OWN_KEYS}
        if "type" not in written:
            type = STRING if "enum" in written else ANY
            return type, {**_schema_type(type), **rest} if rest else {}
        named = written["type"]
        if isinstance(named, list) or named in JSON_TYPES:
            type = type_of_schema(written)
            plain = isinstance(named, str) and not type.is_any
            return type, {} if plain and not rest else {"type": named, **rest}
        where, more = (*self.pointer, "type"), ("array", "null")
        word = read_type(self.report, where, in_module=self.in_module, more=more)
        if word is None:
            return None, rest
        return word, {**_schema_type(word), **rest} if rest else {}

    def _with_default(self, input: Input) -> Input | None:
        before = len(self.report.problems)
        if "default" in self.written:
            where = (*self.pointer, "default")
            check_data(self.report, where, input.default, input.type, input.schema)
        if "names" in self.written and input.type.word != "prompt":
            detail = "only a `prompt` declares names"
            self.report.at_key("unknown-key", (*self.pointer, "names"), detail)
        return input if len(self.report.problems) == before else None

    def _input(self, type: Type, schema: dict[str, JSON]) -> Input:
        extra = self.written if isinstance(self.written, dict) else {}
        names = read_types(self.report, (*self.pointer, "names")) if "names" in extra else {}
        return Input(
            id=str(self.pointer[-1]),
            type=type,
            required=not type.optional and "default" not in extra,
            default=extra.get("default"),
            schema=schema,
            description=extra.get("description", ""),
            origin=origin_of(self.report.tree, self.pointer),
            names=names,
        )


def _report(report: Report, pointer: Pointer, error: SchemaError) -> None:
    at = report.at_key if error.of_key else report.at_value
    at(error.code, (*pointer, *error.pointer), error.detail, error.hint)


def origin_of(tree: Tree, pointer: Pointer) -> Origin:
    """Return the place on the page of what `pointer` names."""
    line, column = tree.key_position(pointer)
    return Origin(tree.page.name, pointer_text(pointer), line, column)


def origins_of(tree: Tree, pointer: Pointer, keys: Collection[str]) -> Iterator[Origin]:
    """Yield the places of `keys` of the object at `pointer`, ids or words of the language."""
    around = pointer_text(pointer)
    for key, (line, column) in zip(keys, tree.key_positions(pointer, keys), strict=True):
        yield Origin(tree.page.name, f"{around}/{key}", line, column)  # nothing there to escape


def _schema_type(type: Type) -> dict[str, JSON]:
    word = "array" if type.lists else type.word
    if word not in JSON_TYPES:
        return {}
    return {"type": [word, "null"] if type.optional else word}
