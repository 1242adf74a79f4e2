"""Problems are shown in full, in order, and safely."""

from difflib import get_close_matches

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.codes import CODES, Code
from spec.limits import ECHO_CHARS_MAX, PROBLEMS_MAX
from spec.problems import SpecError, echo, listed, nearest, problem_at, quoted, render
from spec.source import Page, Position


def page(*lines: str) -> Page:
    return Page("rag.yaml", lines)


def test_a_problem_shows_place_line_caret_and_cure():
    problem = problem_at(
        page("a: 1", "  q: $retreive.docs"), "unknown-reference", ("q",), Position(2, 7),
        "`retreive` is no step here", "retrieve",
    )  # fmt: skip
    assert render(problem, "rag.yaml") == (
        "rag.yaml:2:7: unknown-reference: `retreive` is no step here\n"
        "  2 |   q: $retreive.docs\n"
        "    |       ^ did you mean `retrieve`?"
    )


def test_where_no_name_is_near_the_cure_of_the_code_is_shown():
    problem = problem_at(page("a: 1"), "bad-name", ("a",), Position(1, 1), "`a` is taken")
    assert render(problem, "rag.yaml") == (
        "rag.yaml:1:1: bad-name: `a` is taken\n  1 | a: 1\n    | ^\n    = Rename it."
    )


def test_a_page_tells_each_cure_once():
    found = [
        problem_at(page(*"abcd"), code, (), Position(line, 1), "no", hint)
        for line, code, hint in (
            (1, "bad-name", "x"), (2, "bad-name", None), (3, "bad-name", None), (4, "cycle", None),
        )
    ]  # fmt: skip
    cures = [line for line in str(SpecError(found, "p")).splitlines() if line.startswith("    = ")]
    assert cures == [f"    = {CODES['bad-name'].cure}", f"    = {CODES['cycle'].cure}"]


@pytest.mark.parametrize("code", CODES)
def test_the_cure_of_every_code_is_shown_at_a_terminal(code: Code):
    problem = problem_at(page("a"), code, (), Position(1, 1), "no")
    assert str(SpecError([problem], "p")).endswith(f"\n    = {CODES[code].cure}")


def test_the_form_for_answers_has_everything():
    problem = problem_at(page("ab"), "bad-value", ("a", 0), Position(1, 2), "no", None)
    assert problem.as_json() == {
        "code": "bad-value",
        "pointer": "/a/0",
        "line": 1,
        "column": 2,
        "snippet": "ab\n ^",
        "detail": "no",
        "hint": None,
    }


@pytest.mark.parametrize("column", [1, 50, 500, 999, 1000, 1001])
def test_a_long_line_is_cut_around_the_caret(column: int):
    line = "".join(chr(ord("a") + index % 26) for index in range(1000))
    problem = problem_at(page(line), "bad-value", (), Position(1, column), "no")
    assert len(problem.line_text) <= 102
    assert problem.line_text[problem.caret : problem.caret + 1] == line[column - 1 : column]


def test_the_caret_stands_under_wide_and_combining_characters():
    line = "日本 e\u0301 x"
    problem = problem_at(page(line), "bad-value", (), Position(1, line.index("x") + 1), "no")
    assert render(problem, "p").splitlines()[2] == "    | " + " " * 7 + "^"


def test_many_names_are_not_all_listed():
    names = listed(f"{'x' * 300}{number}" for number in range(1_000))
    assert names.endswith(", …")
    assert len(names) < 14 * ECHO_CHARS_MAX


def test_nothing_a_terminal_would_act_on_is_shown():
    problem = problem_at(
        page("a\x1b[31m\u202eb"), "bad-value", (), Position(1, 1), quoted("\x1b[2J")
    )
    assert render(problem, "p").isprintable() is False
    assert not {"\x1b", "\u202e"} & set(render(problem, "p"))


def test_what_is_echoed_is_short():
    assert len(echo("x" * 10_000)) <= ECHO_CHARS_MAX
    assert len(quoted("x" * 10_000)) <= ECHO_CHARS_MAX + 2
    assert echo([1, 2]) == "a list of 2"
    assert echo({"a": 1}) == "an object"


def test_problems_are_sorted_once_each_and_bounded():
    many = [
        problem_at(page(), "bad-value", (), Position(line, 1), "no")
        for line in (*range(80, 0, -1), 3)
    ]
    error = SpecError(many, "p")
    assert [problem.line for problem in error.problems] == list(range(1, PROBLEMS_MAX + 1))
    assert error.more == 80 - PROBLEMS_MAX
    assert str(error).endswith("and 30 more")


def test_the_nearest_name_is_one_that_is_close():
    assert nearest("qestion", ["documents", "question"]) == "question"
    assert nearest("zzz", ["documents", "question"]) is None
    assert nearest("query", ["retry", "question"]) is None
    assert nearest("x" * 100_000, ["x"]) is None


NAMES = st.text("ab_c", max_size=12)


@given(NAMES, st.lists(NAMES, max_size=20))
def test_the_nearest_name_is_the_one_with_most_in_common(name: str, known: list[str]):
    closest = get_close_matches(name, known, n=1, cutoff=0.65) if name else []
    assert [nearest(name, known)] == (closest or [None])


def test_every_code_has_a_meaning_and_a_cure():
    assert list(CODES) == list(Code.__args__)
    assert all(entry.meaning.endswith(".") and entry.cure.endswith(".") for entry in CODES.values())
