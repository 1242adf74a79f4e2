"""Expressions: what follows a `$`. A scanner and recursive descent; a dot is a key, never more.

Reads literals, lists and paths. The rest of the grammar is recognised and refused by name.
"""

from spec.limits import EXPRESSION_CHARS_MAX, EXPRESSION_DEPTH_MAX, PATH_SEGMENTS_MAX
from spec.parsed import Parsed, Reference, Refused, Segment
from spec.problems import nearest, quoted
from spec.scanner import Malformed, Scanner
from spec.values import ListOf, Literal, Member, Name, Value

FUNCTIONS = (
    "len", "first", "last", "coalesce", "compact", "flatten", "unique", "zip", "join", "split",
    "lower", "upper", "trim", "sum", "min", "max", "most_common", "range", "now_iso",
)  # fmt: skip
_WORD_OPERATORS = ("and", "or", "not", "in")
_SIGN_OPERATORS = ("+", "==", "!=", "<", "<=", ">", ">=")


def parse_expression(text: str) -> Parsed:
    """Read `text`, which starts with `$`. Offsets count from that `$`."""
    if len(text) > EXPRESSION_CHARS_MAX:
        detail = f"an expression longer than {EXPRESSION_CHARS_MAX} characters"
        return _refused(Refused("too-large", f"{detail} (`expression_chars_max`)"))
    try:
        parser = _Parser(text)
        value = parser.whole()
    except _UnknownFunctionError as error:
        return _refused(error.refused)
    except Malformed as error:
        return _refused(Refused("bad-expression", error.detail))
    return Parsed(value, tuple(parser.references))


def collected(items: list[Value]) -> Value:
    """Return a list value: plain data when all of it is."""
    if all(isinstance(item, Literal) for item in items):
        return Literal([item.value for item in items if isinstance(item, Literal)])
    return ListOf(tuple(items))


class _UnknownFunctionError(Exception):
    def __init__(self, name: str, offset: int) -> None:
        super().__init__(name)
        detail = f"there is no function {quoted(name)}"
        self.refused = Refused("unknown-function", detail, offset, nearest(name, FUNCTIONS))


class _Parser:
    def __init__(self, text: str) -> None:
        self.scanner = Scanner(text, 1)
        self.references: list[Reference] = []
        self.depth = 0

    def whole(self) -> Value:
        value = self.expression()
        if self.scanner.token.kind != "end":
            raise self.scanner.malformed("the expression should have ended before")
        return value

    def expression(self) -> Value:
        self.depth += 1
        if self.depth > EXPRESSION_DEPTH_MAX:
            raise self.scanner.malformed(f"nested deeper than {EXPRESSION_DEPTH_MAX} levels")
        self.refuse_operator()
        value = self.postfix()
        self.refuse_operator()
        self.depth -= 1
        return value

    def refuse_operator(self) -> None:
        token = self.scanner.token
        operators = {"sign": _SIGN_OPERATORS, "name": _WORD_OPERATORS}
        if token.value in operators.get(token.kind, ()):
            raise self.not_yet(quoted(str(token.value)))

    def postfix(self) -> Value:
        value, path = self.atom()
        count = 0
        while step := self.member():
            value = Member(value, step.key)
            path = (*path, step) if path else ()
            count += 1
            if count > PATH_SEGMENTS_MAX:
                raise Malformed(f"a path has at most {PATH_SEGMENTS_MAX} parts", step.offset)
        if path:
            self.references.append(Reference(path))
        return value

    def atom(self) -> tuple[Value, tuple[Segment, ...]]:
        """Read what a path may start with; the segments are empty when it is no name."""
        if self.scanner.token.kind == "name" or self.scanner.sign("$"):
            return self.named()
        if self.scanner.skip("("):
            value = self.expression()
            self.scanner.expect(")")
            return value, self.references.pop().segments if _is_path(value) else ()
        return self.plain(), ()

    def named(self) -> tuple[Value, tuple[Segment, ...]]:
        self.scanner.skip("$")
        token = self.scanner.take()
        if token.kind != "name":
            raise Malformed("a name has to follow the `$`", token.offset)
        name = str(token.value)
        if self.scanner.sign("("):
            raise self.call(name, token.offset)
        if name in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[name]), ()
        return Name(name), (Segment(name, token.offset),)

    def call(self, name: str, offset: int) -> Exception:
        if name in FUNCTIONS:
            return self.not_yet(f"{quoted(name + '()')}")
        return _UnknownFunctionError(name, offset)

    def member(self) -> Segment | None:
        if self.scanner.skip("."):
            token = self.scanner.take()
            if token.kind != "name":
                raise Malformed("the name of a field has to follow the dot", token.offset)
            return Segment(str(token.value), token.offset)
        if self.scanner.skip("["):
            return self.index()
        return None

    def index(self) -> Segment:
        offset = self.scanner.token.offset
        if self.scanner.sign(":"):
            raise self.not_yet("a slice")
        key = self.expression()
        if self.scanner.sign(":"):
            raise self.not_yet("a slice")
        self.scanner.expect("]")
        if not isinstance(key, Literal):
            raise self.not_yet("an index that is computed")
        if isinstance(key.value, bool) or not isinstance(key.value, int | str):
            raise Malformed("an index is an integer, or a key in quotes", offset)
        return Segment(key.value, offset)

    def plain(self) -> Value:
        if self.scanner.skip("["):
            return self.listed()
        negative = self.scanner.skip("-")
        token = self.scanner.take()
        if isinstance(token.value, int | float):
            return Literal(-token.value if negative else token.value)
        if negative or token.kind != "string":
            raise Malformed("a name, a number, a string or a list has to stand here", token.offset)
        return Literal(token.value)

    def listed(self) -> Value:
        items: list[Value] = []
        if self.scanner.skip("]"):
            return Literal([])
        items.append(self.expression())
        while self.scanner.skip(","):
            items.append(self.expression())
        self.scanner.expect("]")
        return collected(items)

    def not_yet(self, what: str) -> Malformed:
        return self.scanner.malformed(f"{what} is not available yet")


def _is_path(value: Value) -> bool:
    while isinstance(value, Member):
        value = value.of
    return isinstance(value, Name)


def _refused(problem: Refused) -> Parsed:
    return Parsed(Literal(None), problems=(problem,))
