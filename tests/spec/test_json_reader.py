"""JSON is read strictly, with positions, and no input makes the reader fail otherwise."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.limits import Limits
from spec.load import read
from spec.problems import Problem, SpecError
from spec.source import Position, Source

PAGE = (Path(__file__).parent / "golden" / "accepted" / "naive_rag.yaml").read_bytes()
DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab\n\té\U0001f600"), inner),
)


def value(text: str):
    return read(Source("page", text.encode(), "json")).value


def refused(data: bytes, limits: Limits | None = None) -> Problem:
    with pytest.raises(SpecError) as error:
        read(Source("page", data, "json"), limits)
    return error.value.problems[0]


@given(DATA, st.booleans(), st.sampled_from([None, 2]))
def test_it_reads_what_the_standard_library_writes(data: object, ascii_only: bool, indent: int):
    found = value(json.dumps(data, ensure_ascii=ascii_only, indent=indent))
    assert found == data
    assert json.dumps(found) == json.dumps(data)


@given(st.text('{}[]",:0123456789.eE+-truefalsn \\u\n', max_size=30))
def test_it_takes_only_what_the_standard_library_takes(text: str):
    try:
        found = value(text)
    except SpecError:
        return
    assert found == json.loads(text)


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"", 1, 1),
        (b"{", 1, 2),
        (b"[1,]", 1, 4),
        (b"[1 2]", 1, 4),
        (b"{a: 1}", 1, 2),
        (b"{'a': 1}", 1, 2),
        (b'{"a" 1}', 1, 6),
        (b'{"a": }', 1, 7),
        (b"{} {}", 1, 4),
        (b"[\n  NaN]", 2, 3),
        (b"[Infinity]", 1, 2),
        (b"[-Infinity]", 1, 2),
        (b"[truer]", 1, 2),
        (b"[01]", 1, 3),
        (b"[1.]", 1, 3),
        (b"[+1]", 1, 2),
        (b'["a\nb"]', 1, 2),
        (b'["\\x41"]', 1, 2),
        (b'["open', 1, 2),
        (b'["\\ud800"]', 1, 2),
        (b'["\\ude00\\ud83d"]', 1, 2),
        (b'{"\\ud800": 1}', 1, 2),
        (b"// no\n{}", 1, 1),
        (b"\xef\xbb\xbf{}", 1, 1),
        ("{}".encode("utf-32"), 1, 1),
        (b'{"a": "\xc3"}', 1, 8),
        (b'["\0"]', 1, 3),
    ],
)
def test_what_is_not_json_is_refused_at_the_place(data: bytes, line: int, column: int):
    problem = refused(data)
    assert (problem.code, problem.pointer) == ("syntax", None)
    assert (problem.line, problem.column) == (line, column)


def test_surrogate_pairs_and_tabs_are_json():
    assert value('{\t"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_a_repeated_key_is_refused():
    problem = refused(b'{"a": 1,\n "a": 2}')
    assert (problem.code, problem.line, problem.column) == ("duplicate-key", 2, 2)


def test_numbers_are_exact_and_finite_or_refused():
    assert value("[9007199254740991, 1.0, -0.0, 1e2]") == [2**53 - 1, 1.0, -0.0, 100.0]
    for number in (b"9007199254740992", b"-1e999", b"9" * 5000):
        assert refused(b"[" + number + b"]").code == "bad-value"


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("size", [60_000, 1_000_000])
def test_nesting_without_end_is_a_problem(opening: bytes, size: int):
    assert refused((opening * size)[:size]).code == "too-large"


def test_it_counts_as_the_yaml_reader_does():
    small = Limits(bytes_max=60, depth_max=3, nodes_max=10, scalar_chars_max=12)
    assert "bytes_max" in refused(b" " * 61, small).detail
    assert "depth_max" in refused(b"[[[[", small).detail
    assert "nodes_max" in refused(b"[1,1,1,1,1,1,1,1,1,1]", small).detail
    assert "scalar_chars_max" in refused(b'{"a": "aaaaaaaaaaaaa"}', small).detail


def test_positions_are_those_of_the_page():
    tree = read(Source("page", b'{\r\n "a": [1,\r"x"]}', "json"))
    assert tree.key_position(("a",)) == Position(2, 2)
    assert tree.value_position(("a", 1)) == Position(3, 1)


@given(st.data())
def test_a_flipped_byte_is_a_problem_or_data(data: st.DataObject):
    page = bytearray(PAGE)
    for _ in range(data.draw(st.integers(1, 3))):
        page[data.draw(st.integers(0, len(page) - 1))] = data.draw(st.integers(0, 255))
    for media in ("yaml", "json"):
        with suppress(SpecError):
            read(Source("page", bytes(page), media))
