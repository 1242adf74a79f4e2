"""Every key and value knows its place on the page."""

from spec.load import read
from spec.source import Position, Source, Tree, pointer_text


def tree(text: str, media="yaml") -> Tree:
    return read(Source("page", text.encode(), media))


def test_a_key_and_its_value_have_their_own_places():
    page = tree("a:\n  b: [1, x]\n")
    assert page.key_position(("a", "b")) == Position(2, 3)
    assert page.value_position(("a", "b")) == Position(2, 6)
    assert page.value_position(("a", "b", 1)) == Position(2, 10)
    assert page.key_position(("a", "b", 1)) == Position(2, 10)


def test_a_whole_page_is_named_at_its_first_character():
    page = tree("# one\n\na: 1\n")
    assert page.value_position(()) == Position(3, 1)
    assert page.key_position(()) == Position(1, 1)


def test_a_pointer_that_is_not_there_answers_with_its_nearest_ancestor():
    assert tree("a:\n  b: 1\n").value_position(("a", "c", 0)) == Position(2, 3)
    assert Tree.of({"a": 1}, "inputs").value_position(("a",)) == Position(1, 1)


def test_an_offset_is_exact_in_plain_and_quoted_scalars_on_one_line():
    page = tree("""a: plain text\nb: "quoted"\nc: 'it is'\n""")
    assert page.position_in(("a",), 6) == Position(1, 10)
    assert page.position_in(("b",), 0) == Position(2, 5)
    assert page.position_in(("c",), 3) == Position(3, 8)


def test_an_offset_is_exact_in_a_literal_block():
    page = tree("a: |+\n\n    one\n      two\n\n  \nb: 1\n")
    assert page.at(("a",)) == "\none\n  two\n\n\n"
    assert page.position_in(("a",), 1) == Position(3, 5)
    assert page.position_in(("a",), 7) == Position(4, 7)


def test_an_offset_after_escapes_or_folding_answers_with_the_start():
    text = "a: \"x\\ty\"\nb: 'it''s'\nc: >\n  one\n  two\nd: one\n  two\ne: \"a\\\\\"\n"
    page = tree(text)
    for line, key in ((1, "a"), (2, "b"), (3, "c"), (6, "d"), (8, "e")):
        assert page.position_in((key,), 1) == Position(line, 4)


def test_json_strings_have_offsets_too():
    page = tree('{"a": "xyz",\r\n "b": "x\\u0079z"}', "json")
    assert page.position_in(("a",), 2) == Position(1, 10)
    assert page.position_in(("b",), 2) == Position(2, 7)


def test_pointers_escape_as_the_standard_says():
    assert pointer_text(()) == ""
    assert pointer_text(("a/b", "m~n", 0)) == "/a~1b/m~0n/0"
