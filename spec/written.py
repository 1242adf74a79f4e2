"""Values as they stand on the page: read once, each string with its paths and its place."""

from collections.abc import Sequence
from dataclasses import dataclass

from spec.expressions import collected, parse_expression
from spec.limits import EXPRESSION_WORDS_MAX
from spec.parsed import Parsed, Placed, Reference
from spec.report import Report
from spec.source import Pointer
from spec.templates import parse_template
from spec.values import JSON, Literal, ObjectOf, Value


@dataclass(slots=True)
class Written:
    """A value and where it stands. A list or an object of the page has `children`.

    `placed` is there for an expression. `known` is false where something was refused: nothing
    follows from what stands there.
    """

    pointer: Pointer
    value: Value
    references: tuple[Reference, ...] = ()
    children: tuple["Written", ...] = ()
    known: bool = True
    placed: Placed | None = None

    @property
    def names_alone(self) -> bool:
        """Whether a name stands in it with no field behind it."""
        return 1 in [len(reference.path) for reference in self.all_references()]

    def strings(self) -> Sequence["Written"]:
        """Return this, or every string and constant of the page in it."""
        if not self.children:
            return (self,)
        return [string for child in self.children for string in child.strings()]

    def all_references(self) -> Sequence[Reference]:
        """Return every reference in it."""
        if not self.children:
            return self.references
        return [reference for string in self.strings() for reference in string.references]


def read_value(report: Report, pointer: Pointer) -> Written:
    """Read the value at `pointer`: `$` opens an expression, any other string is text with slots."""
    return read_data(report, pointer, report.tree.at(pointer))


def read_data(report: Report, pointer: Pointer, data: JSON) -> Written:
    """Read the value at `pointer`, which is `data`."""
    if not report.knows(pointer):
        return Written(pointer, Literal(None), known=False)
    if isinstance(data, str):
        return _read_string(report, pointer, data)
    if isinstance(data, list):
        items = enumerate(data)
        children = tuple(read_data(report, (*pointer, index), item) for index, item in items)
        value = collected([child.value for child in children])
        return _whole(pointer, value, children)
    if isinstance(data, dict):
        children = tuple(read_data(report, (*pointer, key), data[key]) for key in data)
        return _whole(pointer, _object(data, children), children)
    return Written(pointer, Literal(data))


def _whole(pointer: Pointer, value: Value, children: tuple[Written, ...]) -> Written:
    known = all(child.known for child in children)
    return Written(pointer, value, children=children, known=known)


def _object(data: dict[str, JSON], children: tuple[Written, ...]) -> Value:
    fields = tuple(zip(data, (child.value for child in children), strict=True))
    if all(isinstance(value, Literal) for _, value in fields):
        return Literal({key: value.value for key, value in fields if isinstance(value, Literal)})
    return ObjectOf(fields)


def _read_string(report: Report, pointer: Pointer, text: str) -> Written:
    parsed = report.parsed.get(text)
    if parsed is None:
        report.parsed[text] = parsed = _parse(text)
    report.words += parsed.words
    if report.words > EXPRESSION_WORDS_MAX:
        most = f"{EXPRESSION_WORDS_MAX} names, signs and constants"
        detail = f"more than {most} in all expressions and slots (`expression_words_max`)"
        raise report.stop("too-large", pointer, detail)
    for problem in parsed.problems:
        if problem.code == "bad-expression":
            report.at_expression(pointer, problem.detail, problem.hint)
        elif problem.offset is None:
            report.at_value(problem.code, pointer, problem.detail, problem.hint)
        else:
            report.at_offset(problem.code, pointer, problem.offset, problem.detail, problem.hint)
    return Written(
        pointer,
        parsed.value,
        parsed.references,
        known=not parsed.problems,
        placed=parsed.placed,
    )


def _parse(text: str) -> Parsed:
    if text.startswith("$$"):
        return parse_template(text, 1)
    return parse_expression(text) if text.startswith("$") else parse_template(text)
