"""The page about the language says what the code does."""

import re
from typing import get_args

import pytest

from docs.generate_spec import MODULES, PAGE, page
from planner.registry import Registry
from spec import limits
from spec.codes import CODES
from spec.formatters import FORMATTERS
from spec.functions import NAMES
from spec.load import load
from spec.names import CONTROL_KEYS
from spec.source import Source
from spec.values import Operator

WRITTEN = PAGE.read_text("utf-8")
LIMITS = {name.lower() for name in vars(limits) if name.endswith("_MAX")} | set(
    limits.Limits.__slots__
)


def test_the_tables_are_as_the_code_has_them_now():
    assert page(WRITTEN) == WRITTEN, "run `make docs`"


def test_a_table_that_is_out_of_date_or_gone_is_noticed():
    for old in ("| `trim(s)` |", "| `cycle` |", "| `numbered` |", "| `depth_max` | 64 |"):
        assert page(WRITTEN.replace(old, "| `x` |")) == WRITTEN
    with pytest.raises(ValueError, match="limits"):
        page(WRITTEN.replace("<!-- limits -->", ""))


def test_no_function_formatter_operator_or_problem_is_left_out():
    for name in (*NAMES, *FORMATTERS, *CODES):
        assert f"| `{name}" in WRITTEN
    operators = WRITTEN.partition("<!-- operators -->")[2].partition("<!-- end -->")[0]
    firsts = {sign for row in operators.splitlines() for sign in re.findall(r"`([^`]+)`", row[:30])}
    assert set(get_args(Operator)) <= firsts


def test_a_limit_that_is_not_on_the_page_shows_itself_in_no_message():
    inside = {"problems_found_max", "names_compared_max", "echo_chars_max", "text_chars_max"}
    assert {name for name in LIMITS if f"| `{name}` |" not in WRITTEN} == inside


def test_every_control_key_is_named():
    assert [key for key in CONTROL_KEYS if not re.search(rf"`[^`]*\b{key}\b[^`]*`", WRITTEN)] == []


def test_every_document_on_the_page_is_valid():
    pages = re.findall(r"^```yaml\n((?:workflow|module): .*?)^```", WRITTEN, re.M | re.S)
    assert len(pages) == 2
    registry = Registry.from_folder(MODULES, frozenset())
    for text in pages:
        name = text.partition("\n")[0].partition(": ")[2]
        source = Source("spec.md", text.replace(name, "shown", 1).encode(), "yaml")
        document = load(source, registry.vocabulary())
        assert document.outputs
