"""The items of a reply: what they are, and that it does not matter how the text arrives."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from executors.reply_items import NotAnItem, ReplyItems, first_object


def items(text: str, cuts: tuple[int, ...] = ()) -> list:
    reader, found, start = ReplyItems(), [], 0
    for stop in (*sorted(cuts), len(text)):
        found += reader.feed(text[start:stop])
        start = max(start, stop)
    return found + reader.end()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('{"items": ["a", "b"]}', ["a", "b"]),
        ('{"note": "see [\\"x\\"]", "items": ["a"], "more": ["b"]}', ["a"]),
        ('```json\n[\n  "a",\n  "b"\n]\n```', ["a", "b"]),
        ('Here they are: ["a", "b"] Enjoy ["c"].', ["a", "b"]),
        ('1. An array, whatever stands before it: ["a"]\n2. b', ["a"]),
        ('Here [as asked]:\n\n["a"]', ["a"]),
        (
            '[{"q": "a", "in": ["[", "}"]}, {"q": {"b": []}}]',
            [{"q": "a", "in": ["[", "}"]}, {"q": {"b": []}}],
        ),
        ('{"q": "a"}\n{"q": "b"}', [{"q": "a"}, {"q": "b"}]),
        ('["quoted \\"b\\", with \\\\", "é\\u00e9, ☃"]', ['quoted "b", with \\', "éé, ☃"]),
        ("[1, 2.5, true]", [1, 2.5, True]),
        ("[7]", [7]),
        ("[]", []),
        ("[ ]\n", []),
        ('["a",]', ["a"]),
        ('[["a", "b"], ["c"]]', [["a", "b"], ["c"]]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_a_json_array_gives_its_elements(reply, expected):
    assert items(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("a\nb", ["a", "b"]),
        ("1. a\n2. b\n", ["a", "b"]),
        ("1) a\n(2) b\n3: c", ["a", "b", "c"]),
        ("[1] a\n[2] b", ["a", "b"]),
        ("- a\n\n* b\n• c\n", ["a", "b", "c"]),
        ("Here are two:\n\n1. a\n2. b", ["a", "b"]),
        ("First a remark.\n- a\n- b", ["First a remark.", "a", "b"]),
        ("1.5 miles\n-3 degrees", ["1.5 miles", "-3 degrees"]),
        ("```\na\nb\n```", ["a", "b"]),
        ("what is {this}?\n[note] b", ["what is {this}?", "[note] b"]),
    ],
)
def test_a_reply_that_is_no_json_is_a_list_of_its_lines(reply, expected):
    assert items(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('["a", "b", "unfin', ["a", "b"]),
        ('["a", "b", "unfin\\', ["a", "b"]),
        ('["a", "b"', ["a"]),
        ('[{"q": "a"}, {"q": "b", "x', [{"q": "a"}]),
        ('{"items": ["a", "b', ["a"]),
        ('{"q": "a"}\n{"q": ', [{"q": "a"}]),
        ('["unfin', []),
        ("1. a\n2. b", ["a", "b"]),
    ],
)
def test_what_is_cut_off_is_left_out(reply, expected):
    assert items(reply) == expected


def test_an_element_is_given_as_soon_as_it_is_closed():
    reader = ReplyItems()
    assert reader.feed('[ "a"') == []
    assert reader.feed(" ,") == ["a"]
    assert reader.feed(' "b", "c') == ["b"]
    assert reader.feed('"]') == ["c"]
    assert reader.feed(' and ["more"]') == []


def test_a_line_of_a_numbered_list_is_given_at_its_end():
    reader = ReplyItems()
    assert reader.feed("1. a\n2. b") == ["a"]
    assert reader.feed("\n") == ["b"]


@pytest.mark.parametrize("reply", ['["a", b]', '["a", NaN]', '["\\ud800", "a"]', '["a" "b"]'])
def test_what_is_no_json_inside_an_array_is_told(reply):
    with pytest.raises(NotAnItem):
        items(reply)


REPLIES = st.sampled_from(
    [
        'Sure:\n```json\n{"items": ["a\\"[", "é\\u00e9", "c"]}\n```',
        '[{"a": [1, {"b": "}"}]}, "x", 3]\ntail',
        "Here they are:\n1. one\n2) two [3]\n- three",
        "[1] one\n[2] two",
        "[ 1 , 2 ]",
        "[1]\n",
        "plain {x}\nlines [ y\n{ ",
        '{"q": 1} {"q": 2}\n["z"]',
        '["a", "b',
    ]
) | st.lists(
    st.sampled_from([*'[]{}",:\\ \n', "a", "1", "1. ", "- ", '"items": [', "é", "```"]), max_size=25
).map("".join)


@given(text=REPLIES, data=st.data())
def test_how_the_text_is_cut_into_pieces_changes_nothing(text, data):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=len(text)))

    def outcome(*at: int) -> object:
        try:
            return items(text, at)
        except NotAnItem as error:
            return str(error)

    assert outcome(*cuts) == outcome()


JSON_VALUES = st.recursive(
    st.text() | st.integers(-(2**40), 2**40) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values=st.lists(st.text() | st.dictionaries(st.text(), JSON_VALUES, max_size=3), min_size=1))
def test_any_list_of_texts_and_objects_comes_back_as_it_was_written(values):
    written = orjson.dumps(values).decode()
    assert items(written) == values
    assert items(f'{{"items": {written}}}') == values


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Sure! ```json\n{"a": {"b": "}"}}\n``` {"c": 2}', {"a": {"b": "}"}}),
        ('{"a": oops} then {"b": "\\\\"}', {"b": "\\"}),
        ("{}", {}),
        ('{"items": [{"x": 1}]}', {"items": [{"x": 1}]}),
    ],
)
def test_the_first_object_of_a_reply_is_found(reply, expected):
    assert first_object(reply) == expected


@pytest.mark.parametrize("reply", ["", "no", '["a"]', '{"a": 1', '{"a": "', "{x}", '{"a": NaN}'])
def test_where_there_is_no_whole_object_it_is_said(reply):
    with pytest.raises(NotAnItem):
        first_object(reply)


@pytest.mark.parametrize(
    "piece", ["[", '["', '{"', '{"a":', "\\", "\n", "1. ", "a\n", "- a\n", "{ "]
)
def test_a_long_reply_of_anything_is_read(piece):
    text = piece * 20_000
    assert len(items(text)) <= len(text)
    with pytest.raises(NotAnItem):
        first_object(text)


def test_a_long_reply_of_broken_json_is_told():
    with pytest.raises(NotAnItem):
        items('[{"a": b}, ' * 20_000)
