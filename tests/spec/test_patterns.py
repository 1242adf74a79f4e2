"""The pattern of `each`."""

import pytest

from spec.patterns import Field, read_pattern


def test_a_pattern_is_read_into_text_and_fields():
    assert read_pattern(r"{i}. {} {a.b_1}\{ } \n") == (
        Field(("i",)), ". ", Field(()), " ", Field(("a", "b_1")), "{ } \\n",
    )  # fmt: skip
    assert read_pattern("") == ()


@pytest.mark.parametrize("pattern", ["{", "{a", "{ a }", "{a.}", "{0}", "{{a}}", "{a!r}", "{a[0]}"])
def test_a_brace_that_opens_no_field_is_refused(pattern: str):
    assert read_pattern(pattern) is None
