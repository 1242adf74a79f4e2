"""Expressions: what follows a `$`. A scanner and recursive descent; a dot is a key, never more."""

import re
from collections.abc import Callable, Sequence
from typing import cast

from spec.functions import FUNCTIONS, NAMES, NOW
from spec.limits import EXPRESSION_CHARS_MAX, EXPRESSION_DEPTH_MAX, PATH_SEGMENTS_MAX
from spec.misreadings import misreading
from spec.parsed import Parsed, Placed, Reference, Refused, name_path
from spec.problems import nearest, quoted
from spec.scanner import Malformed, OutOfRange, Scanner
from spec.values import (
    AcceptedAt,
    Call,
    ListOf,
    Literal,
    Member,
    Name,
    Operation,
    Operator,
    Slice,
    Value,
)

_PATH = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_CONSTANTS = {"true": True, "false": False, "null": None}
_NOT_NAMES = ("and", "or", "not", "in")


def parse_expression(text: str) -> Parsed:
    """Read `text`, which starts with `$`. Offsets count from that `$`."""
    if len(text) > EXPRESSION_CHARS_MAX:
        detail = f"an expression longer than {EXPRESSION_CHARS_MAX} characters"
        return _refused(Refused("too-large", f"{detail} (`expression_chars_max`)"))
    if _PATH.fullmatch(text) and (path := _path(text)):
        return path
    try:
        parser = _Parser(text)
        placed = parser.whole()
    except _TooLargeError as error:
        return _refused(Refused("too-large", str(error)))
    except OutOfRange as error:
        return _refused(Refused("bad-value", error.detail, error.offset))
    except Malformed as error:
        return _refused(Refused("bad-expression", error.detail))
    references = tuple(placed.references())
    if parser.problems:
        return Parsed(Literal(None), references, tuple(parser.problems))
    return Parsed(placed.value, references, placed=placed)


def _path(text: str) -> Parsed | None:
    """Read a name and the names of fields, which most expressions are and no more."""
    segments = name_path(text[1:], 1)
    name, offset = str(segments[0].key), segments[0].offset
    if name in _CONSTANTS or name in _NOT_NAMES or len(segments) > PATH_SEGMENTS_MAX:
        return None
    placed = Placed(Name(name), offset)
    for segment in segments[1:]:
        key = Placed(Literal(segment.key), segment.offset)
        placed = Placed(Member(placed.value, segment.key), offset, (placed, key))
    return Parsed(placed.value, (Reference(segments),), placed=placed)


def collected(items: list[Value]) -> Value:
    """Return a list value: plain data when all of it is."""
    if all(isinstance(item, Literal) for item in items):
        return Literal([item.value for item in items if isinstance(item, Literal)])
    return ListOf(tuple(items))


class _TooLargeError(Exception):
    pass


class _Parser:
    def __init__(self, text: str) -> None:
        self.scanner = Scanner(text, 1)
        self.problems: list[Refused] = []
        self.depth = 0

    def whole(self) -> Placed:
        value = self.expression()
        if self.scanner.token.kind != "end":
            detail = misreading(self.scanner.token, after_value=True)
            ended = f"the expression should have ended {self.scanner.here}"
            raise self.scanner.malformed(detail or ended)
        return value

    def expression(self) -> Placed:
        self.deeper()
        value = self.chain("or", self.conjunction)
        self.depth -= 1
        return value

    def conjunction(self) -> Placed:
        return self.chain("and", self.negation)

    def chain(self, word: Operator, operand: Callable[[], Placed]) -> Placed:
        """Read what stands between any number of the same word; that one, when it is alone."""
        first = operand()
        if not self.scanner.word(word):
            return first
        operands = [first]
        while self.scanner.word(word):
            self.scanner.take()
            operands.append(operand())
        return _operation(word, operands)

    def negation(self) -> Placed:
        if not self.scanner.word("not"):
            return self.comparison()
        offset = self.scanner.take().offset
        self.deeper()
        of = self.negation()
        self.depth -= 1
        return _operation("not", [of], offset)

    def comparison(self) -> Placed:
        left = self.sum()
        operator = self.comparing()
        if operator is None:
            return left
        compared = _operation(operator, [left, self.sum()])
        again = self.comparing()
        if again is not None:
            detail = f"comparisons do not chain: join two by `and` before this {quoted(again)}"
            raise Malformed(detail, self.scanner.token.offset)
        return compared

    def comparing(self) -> Operator | None:
        """Go past the comparison that is here, if one is."""
        token = self.scanner.token
        if token.kind != "name":
            if token.kind != "sign" or token.value not in _COMPARISONS:
                return None
            return cast(Operator, self.scanner.take().value)
        if self.scanner.word("in"):
            self.scanner.take()
            return "in"
        if self.scanner.word("not"):
            self.scanner.take()
            if not self.scanner.word("in"):
                raise self.scanner.malformed("after a value, `not` has to be followed by `in`")
            self.scanner.take()
            return "not in"
        return None

    def sum(self) -> Placed:
        first = self.postfix()
        if not self.scanner.sign("+"):
            return first
        operands = [first]
        while self.scanner.skip("+"):
            operands.append(self.postfix())
        return _operation("+", operands)

    def postfix(self) -> Placed:
        value = self.atom()
        members = _members(value)
        while True:
            if self.scanner.skip("."):
                value = self.field(value)
            elif self.scanner.skip("["):
                value = self.bracket(value)
            else:
                return value
            members += 1
            if members > PATH_SEGMENTS_MAX:
                detail = f"a path has at most {PATH_SEGMENTS_MAX} parts"
                raise _TooLargeError(f"{detail} (`path_segments_max`)")

    def field(self, of: Placed) -> Placed:
        token = self.scanner.field()
        if self.scanner.sign("("):
            detail = f"there are no methods, so no {quoted(f'.{token.value}()')}"
            cure = f": write {quoted(f'{token.value}(…)')}" if token.value in NAMES else ""
            raise Malformed(detail + cure, token.offset)
        return _member(of, Placed(Literal(token.value), token.offset))

    def bracket(self, of: Placed) -> Placed:
        start = None if self.scanner.sign(":") else self.expression()
        if start is not None and not self.scanner.sign(":"):
            self.expect("]")
            return _member(of, start)
        self.scanner.take()
        end = None if self.scanner.sign("]") else self.expression()
        self.expect("]")
        first, last = (None if bound is None else bound.value for bound in (start, end))
        inner = tuple(part for part in (of, start, end) if part is not None)
        return Placed(Slice(of.value, first, last), of.offset, inner)

    def atom(self) -> Placed:
        if self.scanner.skip("("):
            value = self.expression()
            self.expect(")")
            return value
        if self.scanner.skip("$") or self.scanner.token.kind == "name":
            return self.named()
        offset = self.scanner.token.offset
        if self.scanner.skip("["):
            items = self.until("]")
            return Placed(collected([item.value for item in items]), offset, tuple(items))
        return self.plain()

    def named(self) -> Placed:
        token = self.scanner.take()
        name = str(token.value)
        if token.kind != "name":
            raise Malformed("a name has to follow the `$`", token.offset)
        if name in _NOT_NAMES:
            negated = "what `not` negates stands in brackets here: `(not …)`"
            detail = f"a value has to stand before {quoted(name)}"
            raise Malformed(negated if name == "not" else detail, token.offset)
        if self.scanner.skip("("):
            return self.call(name, token.offset)
        if name in _CONSTANTS:
            return Placed(Literal(_CONSTANTS[name]), token.offset)
        return Placed(Name(name), token.offset)

    def call(self, name: str, offset: int) -> Placed:
        arguments = self.until(")")
        values = tuple(argument.value for argument in arguments)
        placed = Placed(Call(name, values), offset, tuple(arguments))
        if name == NOW:
            if arguments:
                raise Malformed(f"{quoted(name + '()')} takes no arguments", offset)
            return Placed(AcceptedAt(), offset)
        if name not in FUNCTIONS:
            detail = f"there is no function {quoted(name)}"
            hint = nearest(name, NAMES)
            self.problems.append(Refused("unknown-function", detail, offset, hint))
        elif FUNCTIONS[name].refuses(len(values)):
            function = FUNCTIONS[name]
            call = quoted(f"{name}({function.takes})")
            detail = f"{call} takes {function.wanted}, and is given {len(values)}"
            raise Malformed(detail, offset)
        return placed

    def plain(self) -> Placed:
        offset = self.scanner.token.offset
        negative = self.scanner.skip("-")
        here = self.scanner.here
        token = self.scanner.take()
        if isinstance(token.value, int | float):
            return Placed(Literal(-token.value if negative else token.value), offset)
        if negative:
            raise Malformed("only a number may follow a `-`", token.offset)
        if token.kind != "string":
            wanted = f"a name, a number, a string or a list is missing {here}"
            raise Malformed(misreading(token, after_value=False) or wanted, token.offset)
        return Placed(Literal(token.value), offset)

    def until(self, closing: str) -> list[Placed]:
        """Read expressions between commas up to `closing`, and go past it."""
        if self.scanner.skip(closing):
            return []
        items = [self.expression()]
        while self.scanner.skip(","):
            items.append(self.expression())
        self.expect(closing)
        return items

    def expect(self, closing: str) -> None:
        if not self.scanner.skip(closing):
            detail = misreading(self.scanner.token, after_value=True)
            missing = f"{quoted(closing)} is missing {self.scanner.here}"
            raise self.scanner.malformed(detail or missing)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > EXPRESSION_DEPTH_MAX:
            detail = f"an expression nested deeper than {EXPRESSION_DEPTH_MAX} levels"
            raise _TooLargeError(f"{detail} (`expression_depth_max`)")


def _operation(operator: Operator, operands: Sequence[Placed], offset: int | None = None) -> Placed:
    values = tuple(operand.value for operand in operands)
    start = operands[0].offset if offset is None else offset
    return Placed(Operation(operator, values), start, tuple(operands))


def _member(of: Placed, key: Placed) -> Placed:
    written = key.value
    if isinstance(written, Literal) and type(written.value) in (str, int):
        return Placed(Member(of.value, written.value), of.offset, (of, key))
    return Placed(Member(of.value, written), of.offset, (of, key))


def _members(placed: Placed) -> int:
    count = 0
    while isinstance(placed.value, Member | Slice):
        placed = placed.parts[0]
        count += 1
    return count


def _refused(problem: Refused) -> Parsed:
    return Parsed(Literal(None), problems=(problem,))
