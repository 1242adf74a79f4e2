"""Mutants of a module: its source with one small thing changed, drawn with a seed.

What is changed are guards above all: comparisons, conditions, connectives, constants, what a
function returns, and statements that are left out.
"""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """The source of the module at `path`, changed in `line` as `what` says."""

    path: Path
    line: int
    what: str
    source: str

    @property
    def key(self) -> str:
        """What names it wherever it stands."""
        return f"{self.path.name}: {self.what}"

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.what}"


def drawn(paths: list[Path], count: int, seed: int) -> list[Mutant]:
    """Return `count` mutants of the modules at `paths`, or all if there are fewer, in their order.

    Equal seeds and sources give equal mutants.
    """
    every = [mutant for path in paths for mutant in mutants_of(path)]
    chosen = Random(seed).sample(range(len(every)), min(count, len(every)))
    return [every[index] for index in sorted(chosen)]


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of one module."""
    source = path.read_text()
    tree = ast.parse(source)
    told = {id(each) for part in _told(tree) for each in ast.walk(part)}
    for number, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node) if id(node) not in told else ():
            twin = deepcopy(tree)
            place = next(each for at, each in enumerate(ast.walk(twin)) if at == number)
            before = _short(ast.unparse(place))
            change(place)
            after = _short(ast.unparse(place))
            said = what if what.startswith("left out ") else f"{what}: {before} -> {after}"
            line = getattr(node, "lineno", 0)
            yield Mutant(path, line, said, ast.unparse(ast.fix_missing_locations(twin)))


def _told(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what only tells of types, or how records are made: it decides nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield from node.decorator_list
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield node.returns
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation


def _changes(  # noqa: C901  # a case a kind of node
    node: ast.AST,
) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARED:
            yield "compared otherwise", _swap_comparison
        case ast.BoolOp():
            yield "and for or", _swap_connective
        case ast.If() | ast.IfExp():
            yield "condition turned round", _turn_round
        case ast.comprehension(ifs=[_, *_]):
            yield "filter left out", _leave_out_filter
        case ast.BinOp(op=op) if type(op) in _COUNTED:
            yield "counted otherwise", _swap_operator
        case ast.Constant(value=bool()):
            yield "true for false", _turn_constant
        case ast.Constant(value=int()):
            yield "one more", _add_one
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            yield "nothing returned", _return_nothing
        case ast.FunctionDef(body=body):
            for at, statement in enumerate(body):
                if isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr) and not (
                    isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                ):
                    yield f"left out {_short(ast.unparse(statement))}", _Without(at)


@dataclass(frozen=True, slots=True)
class _Without:
    at: int

    def __call__(self, node: ast.AST) -> None:
        assert isinstance(node, ast.FunctionDef)
        node.body[self.at] = ast.Pass()


def _swap_comparison(node: ast.AST) -> None:
    assert isinstance(node, ast.Compare)
    node.ops = [_COMPARED[type(node.ops[0])]()]


def _swap_connective(node: ast.AST) -> None:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()


def _turn_round(node: ast.AST) -> None:
    assert isinstance(node, ast.If | ast.IfExp)
    node.test = ast.UnaryOp(ast.Not(), node.test)


def _leave_out_filter(node: ast.AST) -> None:
    assert isinstance(node, ast.comprehension)
    node.ifs = node.ifs[1:]


def _swap_operator(node: ast.AST) -> None:
    assert isinstance(node, ast.BinOp)
    node.op = _COUNTED[type(node.op)]()


def _turn_constant(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)
    node.value = not node.value


def _add_one(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int)
    node.value += 1


def _return_nothing(node: ast.AST) -> None:
    assert isinstance(node, ast.Return)
    node.value = ast.Constant(None)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
