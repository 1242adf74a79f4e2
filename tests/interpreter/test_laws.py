"""The judge stands alone: it knows the language, and neither planning nor running."""

import ast
import sys
from pathlib import Path

import pytest

from planner.primitives import OPS as ALL_OPS
from tests.interpreter.ports import PORTS

HERE = Path(__file__).parent
OPS = {name: op for name, op in ALL_OPS.items() if op.authored}  # those are the planner's own
ALLOWED = ("spec.", "tests.interpreter.")
JUDGES = sorted(
    path for path in HERE.glob("*.py") if not path.name.startswith(("test_", "conftest"))
)


def imported(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            found.append(f"{node.module}.{node.names[0].name}")
    return found


@pytest.mark.parametrize("path", JUDGES, ids=lambda path: path.stem)
def test_it_imports_nothing_but_the_language_and_the_standard_library(path: Path):
    known = {*sys.stdlib_module_names, *({"hypothesis"} if path.stem == "documents" else ())}
    foreign = [
        name
        for name in imported(path)
        if name.partition(".")[0] not in known and not name.startswith(ALLOWED)
    ]
    assert foreign == []


@pytest.mark.parametrize("op", sorted(OPS))
def test_its_table_of_primitives_is_the_products(op: str):
    ours, theirs = PORTS[op], OPS[op]
    assert ours.kind == theirs.kind
    assert dict(ours.gives) == dict(theirs.signature.outputs)
    assert [_told(each) for each in ours.takes] == [
        _told(each) for each in theirs.signature.inputs.values()
    ]


def test_it_knows_no_more_primitives_than_the_product():
    assert sorted(PORTS) == sorted(OPS)


def _told(port) -> tuple[object, ...]:
    return port.id, port.type, port.required, port.default, port.schema
