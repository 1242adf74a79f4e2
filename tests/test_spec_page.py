"""The page about the language says what the code does."""

import re

from docs.generate_spec import MODULES, PAGE, page
from planner.registry import Registry
from spec.codes import CODES
from spec.formatters import FORMATTERS
from spec.functions import NAMES
from spec.load import load
from spec.source import Source

WRITTEN = PAGE.read_text("utf-8")


def test_the_tables_are_as_the_code_has_them_now():
    assert page(WRITTEN) == WRITTEN, "run `make docs`"


def test_no_function_formatter_or_problem_is_left_out():
    for name in (*NAMES, *FORMATTERS, *CODES):
        assert f"| `{name}" in WRITTEN


def test_every_document_on_the_page_is_valid():
    pages = re.findall(r"^```yaml\n((?:workflow|module): .*?)^```", WRITTEN, re.M | re.S)
    assert len(pages) == 2
    registry = Registry.from_folder(MODULES, frozenset())
    for text in pages:
        name = text.partition("\n")[0].partition(": ")[2]
        source = Source("spec.md", text.replace(name, "shown", 1).encode(), "yaml")
        document = load(source, registry.vocabulary())
        assert document.outputs
