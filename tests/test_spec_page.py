"""The page about the language says what the code does."""

from docs.generate_spec import PAGE, page
from spec.codes import CODES
from spec.formatters import FORMATTERS
from spec.functions import NAMES

WRITTEN = PAGE.read_text("utf-8")


def test_the_tables_are_as_the_code_has_them_now():
    assert page(WRITTEN) == WRITTEN, "run `make docs`"


def test_no_function_formatter_or_problem_is_left_out():
    for name in (*NAMES, *FORMATTERS, *CODES):
        assert f"| `{name}" in WRITTEN
