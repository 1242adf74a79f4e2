"""Expressions: what follows a `$`. A scanner and recursive descent; a dot is a key, never more."""

import re
from collections.abc import Mapping, Sequence
from typing import cast

from spec.functions import FUNCTIONS, NAMES, NOW
from spec.limits import EXPRESSION_CHARS_MAX, EXPRESSION_DEPTH_MAX, PATH_SEGMENTS_MAX
from spec.misreadings import misreading
from spec.parsed import Parsed, Placed, Refused
from spec.problems import nearest, quoted
from spec.scanner import Malformed, OutOfRange, Scanner
from spec.values import (
    AcceptedAt,
    Call,
    ListOf,
    Literal,
    Member,
    Operation,
    Operator,
    Slice,
    Value,
)

_PATH = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)(?:\.[A-Za-z_][A-Za-z0-9_]*){0,8}")
_CONSTANTS = {"true": True, "false": False, "null": None}
_NOT_NAMES = ("and", "or", "not", "in")
_WORDS = frozenset((*_CONSTANTS, *_NOT_NAMES))
_GOES_ON = frozenset((".", "["))  # what a path goes on with

# How tight operators bind. Here a `not` is the one of `not in`; the one before a value is no more
# than a place in this order.
_OR, _AND, _NOT, _COMPARED, _ADDED = 1, 2, 3, 4, 5
_LEVELS: Mapping[str, int] = {"or": _OR, "and": _AND, "+": _ADDED} | dict.fromkeys(
    ("==", "!=", "<", "<=", ">", ">=", "in", "not"), _COMPARED
)


def parse_expression(text: str) -> Parsed:
    """Read `text`, which starts with `$`. Offsets count from that `$`."""
    if len(text) > EXPRESSION_CHARS_MAX:
        detail = f"an expression longer than {EXPRESSION_CHARS_MAX} characters"
        return _refused(Refused("too-large", f"{detail} (`expression_chars_max`)"))
    path = _PATH.fullmatch(text)
    if path is not None and path[1] not in _WORDS:
        placed = Placed.named(text[1:], 1)
        words = 1 + 2 * text.count(".")
        return Parsed(placed.value, tuple(placed.references()), placed=placed, words=words)
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
    return Parsed(placed.value, references, placed=placed, words=parser.scanner.words)


def collected(items: list[Value]) -> Value:
    """Return a list value: plain data when all of it is."""
    plain = [item.value for item in items if isinstance(item, Literal)]
    return Literal(plain) if len(plain) == len(items) else ListOf(tuple(items))


class _TooLargeError(Exception):
    pass


class _Parser:
    def __init__(self, text: str) -> None:
        self.scanner = Scanner(text, 1)
        self.problems: list[Refused] = []
        self.depth = 0

    def whole(self) -> Placed:
        value = self.expression()
        if self.scanner.kind != "end":
            detail = misreading(self.scanner.token, after_value=True)
            ended = f"the expression should have ended {self.scanner.here}"
            raise self.scanner.malformed(detail or ended)
        return value

    def expression(self) -> Placed:
        self.deeper()
        value = self.joined(_OR)
        self.depth -= 1
        return value

    def joined(self, least: int) -> Placed:
        """Read what operators join that bind at least as tight as `least` says."""
        scanner = self.scanner
        negated = least <= _NOT and scanner.word == "not"
        value = self.negation() if negated else self.postfix()
        while scanner.word in _LEVELS and (level := _LEVELS[scanner.word]) >= least:
            value = self.comparison(value) if level == _COMPARED else self.chain(value, level)
        return value

    def level(self) -> int:
        """Return how tight the operator binds that is here; 0 when none is."""
        return _LEVELS.get(self.scanner.word, 0)

    def chain(self, first: Placed, level: int) -> Placed:
        """Read what stands between any number of the same word, after the `first`."""
        operands = [first]
        operator = cast(Operator, self.scanner.word)
        while self.level() == level:
            self.scanner.advance()
            operands.append(self.joined(level + 1))
        return _operation(operator, operands)

    def negation(self) -> Placed:
        offset = self.scanner.offset
        self.scanner.advance()
        self.deeper()
        of = self.joined(_NOT)
        self.depth -= 1
        return _operation("not", [of], offset)

    def comparison(self, left: Placed) -> Placed:
        compared = _operation(self.comparing(), [left, self.joined(_COMPARED + 1)])
        if self.level() == _COMPARED:
            detail = f"before this {quoted(self.comparing())}"
            raise self.scanner.malformed(f"comparisons do not chain: join two by `and` {detail}")
        return compared

    def comparing(self) -> Operator:
        """Go past the comparison that is here."""
        word = self.scanner.word
        self.scanner.advance()
        if word != "not":
            return cast(Operator, word)
        if self.scanner.word != "in":
            raise self.scanner.malformed("after a value, `not` has to be followed by `in`")
        self.scanner.advance()
        return "not in"

    def postfix(self) -> Placed:
        value = self.named() if self.scanner.kind == "name" else self.atom()
        if self.scanner.word not in _GOES_ON:
            return value
        members = _members(value.value)
        while self.scanner.word in _GOES_ON:
            value = self.field(value) if self.scanner.skip(".") else self.bracket(value)
            members += 1
            if members > PATH_SEGMENTS_MAX:
                detail = f"a path has at most {PATH_SEGMENTS_MAX} parts"
                raise _TooLargeError(f"{detail} (`path_segments_max`)")
        return value

    def field(self, of: Placed) -> Placed:
        token = self.scanner.field()
        name = str(token.value)
        if self.scanner.word == "(":
            raise _method(name, token.offset)
        return of.member(Placed(Literal(name), token.offset))

    def bracket(self, of: Placed) -> Placed:
        self.scanner.advance()
        start = None if self.scanner.word == ":" else self.expression()
        if start is not None and self.scanner.word != ":":
            self.expect("]")
            return of.member(start)
        self.scanner.advance()
        end = None if self.scanner.word == "]" else self.expression()
        self.expect("]")
        first, last = (None if bound is None else bound.value for bound in (start, end))
        inner = tuple(part for part in (of, start, end) if part is not None)
        return Placed(Slice(of.value, first, last), of.offset, inner)

    def atom(self) -> Placed:
        if self.scanner.kind != "sign":
            return self.plain()
        if self.scanner.skip("("):
            value = self.expression()
            self.expect(")")
            return value
        if self.scanner.skip("$"):
            return self.named()
        offset = self.scanner.offset
        if self.scanner.skip("["):
            items = self.until("]")
            return Placed(collected([item.value for item in items]), offset, tuple(items))
        return self.plain()

    def named(self) -> Placed:
        if self.scanner.kind != "name" or self.scanner.word in _WORDS:
            return self.word()
        offset = self.scanner.offset
        names = self.scanner.take_names()
        if self.scanner.word != "(":
            return Placed.named(names, offset)
        _, dot, name = names.rpartition(".")
        if dot:
            raise _method(name, offset)
        self.scanner.advance()
        return self.call(name, offset)

    def word(self) -> Placed:
        """Read a name with a meaning of its own."""
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
        return Placed(Literal(_CONSTANTS[name]), token.offset)

    def call(self, name: str, offset: int) -> Placed:
        arguments = self.until(")")
        values = tuple([argument.value for argument in arguments])
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
        offset = self.scanner.offset
        if self.scanner.kind in ("string", "number"):
            value = self.scanner.value
            self.scanner.advance()
            return Placed(Literal(value), offset)
        negative = self.scanner.skip("-")
        here = self.scanner.here if self.scanner.kind in ("sign", "end") else ""
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
    values = tuple([operand.value for operand in operands])
    start = operands[0].offset if offset is None else offset
    return Placed(Operation(operator, values), start, tuple(operands))


def _members(value: Value) -> int:
    count = 0
    while isinstance(value, Member | Slice):
        value = value.of
        count += 1
    return count


def _method(name: str, offset: int) -> Malformed:
    cure = f": write {quoted(f'{name}(…)')}" if name in NAMES else ""
    return Malformed(f"there are no methods, so no {quoted(f'.{name}()')}{cure}", offset)


def _refused(problem: Refused) -> Parsed:
    return Parsed(Literal(None), problems=(problem,))
