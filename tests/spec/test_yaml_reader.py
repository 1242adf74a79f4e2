"""YAML is read strictly, with positions, and no input makes the reader fail otherwise."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.limits import PROBLEMS_MAX, Limits
from spec.load import read
from spec.problems import Problem, SpecError
from spec.source import Source


def value(text: str):
    return read(Source("page", text.encode(), "yaml")).value


def refused(text: str | bytes, limits: Limits | None = None) -> tuple[Problem, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(SpecError) as error:
        read(Source("page", data, "yaml"), limits)
    return error.value.problems


def codes(text: str | bytes) -> list[str]:
    return [problem.code for problem in refused(text)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("y", "y"),
        ("=", "="),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("+1", 1),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("~", None),
        ("Null", None),
        ("", None),
        ("TRUE", True),
        ("false", False),
        ("'1'", "1"),
        ('"no"', "no"),
        ("'~'", "~"),
    ],
)
def test_scalars_mean_what_the_core_schema_says(written: str, meant: object):
    found = value(f"a: {written}")["a"]
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off"])
def test_old_booleans_are_refused_as_key_and_as_value(word: str):
    assert codes(f"a: {word}") == ["yaml-boolean"]
    assert codes(f"{word}: 1") == ["yaml-boolean"]


def test_the_keys_of_a_plan_stand_unquoted():
    assert value("plan: {off: [a], on: []}") == {"plan": {"off": ["a"], "on": []}}
    assert codes("plan: {a: {off: 1}, OFF: 1}") == ["yaml-boolean", "yaml-boolean"]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: &x 1", 1, 4),
        ("a: *x", 1, 4),
        ("a: !!str 1", 1, 4),
        ("a: ! 1", 1, 4),
        ("a:\n  <<: {b: 1}", 2, 3),
        ("%YAML 1.2\n--- {}", 1, 1),
        ("%YAML 3.0\n--- {}", 1, 1),
        ("# a\n%YAML 1.2\n%YAML 1.2\n--- {}", 3, 1),
        ("%TAG ! tag:example.com,2000:\n--- {}", 1, 1),
        ("%TAG x\n--- {}", 1, 1),
        ("%LATER yes\n--- {}", 1, 1),
        ("a: 1\n---\nb: 1", 2, 1),
        ("a: -.INF", 1, 4),
        ("a: [.nan]", 1, 5),
        ("1: a", 1, 1),
        ("null: a", 1, 1),
        ("{[a]: b}", 1, 2),
        ("? {a: b}\n: c", 1, 3),
        ("*a : b", 1, 1),
    ],
)
def test_features_beyond_plain_data_are_refused_where_they_stand(text: str, line: int, column: int):
    first = refused(text)[0]
    assert (first.code, first.line, first.column) == ("yaml-feature", line, column)


@pytest.mark.parametrize("key", ["1", "no", "<<", "true", "&a b", "!!str c", "9.5"])
def test_a_key_that_is_refused_is_pointed_at_by_itself(key: str):
    (problem,) = refused(f"a:\n  {key}: x\n")
    assert problem.pointer == f"/a/{key.split()[-1]}"


def test_a_repeated_key_keeps_its_first_value_and_place():
    (problem,) = refused("a: {x: 1}\na: {x: 2, y: 3}\n")
    assert (problem.code, problem.pointer, problem.line, problem.column) == (
        "duplicate-key", "/a", 2, 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"", 1, 1),
        (b"# nothing\n", 1, 1),
        (b"a: [1, 2", 1, 9),
        (b"a: b: c", 1, 5),
        (b"a:\n\t- b", 2, 1),
        (b'a: "b\n%YAML \\q"', 2, 7),
        (b"\xef\xbb\xbfa: 1", 1, 1),
        ("a: 1".encode("utf-16"), 1, 1),
        (b"a: 1\nb: \xff", 2, 4),
        (b"a: \x00", 1, 4),
        ("é: \x07".encode(), 1, 4),
        ("a: b\x85c".encode(), 1, 5),
        ("a: b\u2028c".encode(), 1, 5),
        (b'a: "\\ud800"', 1, 7),
    ],
)
def test_what_is_not_yaml_is_refused_at_the_place(data: bytes, line: int, column: int):
    (problem,) = refused(data)
    assert (problem.code, problem.pointer) == ("syntax", None)
    assert (problem.line, problem.column) == (line, column)


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"{", b"[[{a: "])
@pytest.mark.parametrize("size", [60_000, 1_000_000])
def test_nesting_without_end_is_a_problem(opening: bytes, size: int):
    (problem, *_) = refused((opening * size)[:size])
    assert problem.code in {"too-large", "yaml-feature"}


def test_each_limit_is_named_when_it_is_passed():
    small = Limits(bytes_max=60, depth_max=3, nodes_max=10, scalar_chars_max=12, key_chars_max=9)
    assert "bytes_max" in refused("a" * 61, small)[0].detail
    assert "depth_max" in refused("[[[[", small)[0].detail
    assert "nodes_max" in refused("[1,1,1,1,1,1,1,1,1,1]", small)[0].detail
    assert "scalar_chars_max" in refused("a: aaaaaaaaaaaaa", small)[0].detail
    assert "key_chars_max" in refused("aaaaaaaaaa: 1", small)[0].detail


def test_numbers_are_exact_and_finite_or_refused():
    assert value("[9007199254740991, -9007199254740991]") == [2**53 - 1, 1 - 2**53]
    assert (
        codes("[9007199254740992, 1e999, " + "9" * 5000 + ", 0x" + "f" * 99 + "]")
        == ["bad-value"] * 4
    )


def test_more_problems_than_anyone_reads_end_the_reading():
    with pytest.raises(SpecError) as error:
        read(Source("page", b"[" + b"&a 1," * 50_000 + b"]", "yaml"))
    assert len(error.value.problems) == PROBLEMS_MAX
    assert error.value.more


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text("abc \t\"'\\{}[]:,#&*!|>-?%@`~1.é", max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("ab:# '", max_size=4), inner, max_size=3)
        ),
        max_leaves=10,
    )
)
def test_data_written_as_yaml_in_double_quotes_comes_back(data: object):
    assert value(written(data)) == data


def written(data: object) -> str:
    if isinstance(data, str):
        return '"' + data.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'
    if isinstance(data, list):
        return "[" + ", ".join(map(written, data)) + "]"
    if isinstance(data, dict):
        return "{" + ", ".join(f"{written(key)}: {written(data[key])}" for key in data) + "}"
    return "null" if data is None else str(data).lower()


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_in_any_other_way(data: bytes):
    with suppress(SpecError):
        read(Source("page", data, "yaml"))
