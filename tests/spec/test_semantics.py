"""What every operator and function gives, one line for each thing the language says of it."""

import pytest

from spec.evaluate import EvaluationError, evaluate
from spec.expressions import parse_expression
from spec.functions import NAMES
from spec.limits import INTEGER_MAX, LIST_ITEMS_MAX, STRING_CHARS_MAX
from spec.values import AcceptedAt

ACCEPTED = "2026-01-01T00:00:00.000Z"
SCOPE = {
    "one": 1,
    "half": 0.5,
    "yes": True,
    "no": False,
    "none": None,
    "word": "héllo",
    "empty": "",
    "list": [1, 2, 3, 4, 5],
    "words": ["b", "a", "b"],
    "nothing": [],
    "holes": [None, 1, None, 2],
    "lists": [[1, 2], None, [], [3]],
    "object": {"id": "x", "text": "one", "n": {"k": None}},
    "docs": [
        {"id": "a", "text": "one"}, {"id": "b", "text": "two"}, {"id": "a", "text": "three"},
    ],
    "loose": [{"id": None, "v": 1}, {"id": None, "v": 1.0}, {"v": 1}, {"v": True}],
    "mixed": ["s", {"text": "t"}, {"u": 1}, 2, None, [True]],
    "big": INTEGER_MAX,
    "long": "x" * STRING_CHARS_MAX,
    "huge": 1e308,
}  # fmt: skip

GIVES = [
    # .name and ["key"] read an object's key; a key an untyped object lacks is null
    ("object.text", "one"),
    ('object["text"]', "one"),
    ("object['te' + 'xt']", "one"),
    ("object[words[1] + '']", None),
    ("object.missing", None),
    ("object.n.k", None),
    # a field, index or slice of null is null
    ("none.a", None),
    ("none[0]", None),
    ("none['a']", None),
    ("none[one]", None),
    ("none[1:2]", None),
    ("none[:]", None),
    ("object.n.k.deeper[3][1:]", None),
    # [i] counts from 0, or from the end if negative
    ("list[0]", 1),
    ("list[-1]", 5),
    ("list[one]", 2),
    ("list[one + 1]", 3),
    ("list[len(words)]", 4),
    ("word[1]", "é"),
    ("word[-5]", "h"),
    ("'abc'[1]", "b"),
    ("[7, 8][1]", 8),
    # slices clamp; lists and strings, by character
    ("list[1:3]", [2, 3]),
    ("list[:2]", [1, 2]),
    ("list[3:]", [4, 5]),
    ("list[:]", [1, 2, 3, 4, 5]),
    ("list[-2:]", [4, 5]),
    ("list[:-4]", [1]),
    ("list[3:1]", []),
    ("list[2:99]", [3, 4, 5]),
    ("list[-99:1]", [1]),
    ("list[99:]", []),
    ("list[one:one + 2]", [2, 3]),
    ("word[1:3]", "él"),
    ("word[-2:]", "lo"),
    ("word[9:]", ""),
    ("nothing[0:1]", []),
    # == is deep
    ("[1, ['a', null]] == [1, ['a', null]]", True),
    ("[1, 2] == [2, 1]", False),
    ("[1] == [1, 1]", False),
    ("docs[0] == docs[0]", True),
    ("docs[0] == docs[2]", False),
    ("docs[0] != docs[2]", True),
    ("object.n == object.n", True),
    ("'a' == 'a'", True),
    ("'a' == 'A'", False),
    # values of different kinds are unequal, never an error
    ("1 == '1'", False),
    ("1 != '1'", True),
    ("null == false", False),
    ("null == 0", False),
    ("null == null", True),
    ("none != null", False),
    ("[] == ''", False),
    ("object == list", False),
    ("object == null", False),
    # integers and numbers are one kind, booleans another
    ("1 == 1.0", True),
    ("[1] == [1.0]", True),
    ("true == 1", False),
    ("[true] == [1]", False),
    ("false == 0.0", False),
    ("0 == -0.0", True),
    # < and its kin: two numbers or two strings
    ("1 < 2", True),
    ("2 < 1.5", False),
    ("1 <= 1.0", True),
    ("2 > 1", True),
    ("1 >= 2", False),
    ("'a' < 'b'", True),
    ("'B' < 'a'", True),
    ("'' <= ''", True),
    ("'b' > 'ab'", True),
    ("one + 1 >= half", True),
    # in: element of a list, part of a string, key of an object
    ("2 in list", True),
    ("2.0 in list", True),
    ("true in [1]", False),
    ("'2' in list", False),
    ("9 not in list", True),
    ("docs[1] in docs", True),
    ("null in holes", True),
    ("null in list", False),
    ("'éll' in word", True),
    ("'' in word", True),
    ("'x' not in word", True),
    ("'text' in object", True),
    ("'one' in object", False),
    ("[1, 2] in lists", True),
    # and, or and not take booleans, null is false, and give booleans
    ("yes and yes", True),
    ("yes and no", False),
    ("no or yes", True),
    ("no or no", False),
    ("not no", True),
    ("not yes", False),
    ("none or yes", True),
    ("none or none", False),
    ("yes and none", False),
    ("not none", True),
    ("null and null", False),
    ("not not yes", True),
    # not binds tighter than and, and tighter than or, and comparisons tighter than not
    ("yes or no and no", True),
    ("(yes or no) and no", False),
    ("not no and no", False),
    ("not (no and no)", True),
    ("not 1 == 2", True),
    ("1 + 1 == 2 and 'a' + 'b' == 'ab'", True),
    ("no and no or yes", True),
    # the right side is not evaluated when the left decides
    ("no and list[99]", False),
    ("yes or list[99]", True),
    ("none and list[99]", False),
    ("yes or no or list[99]", True),
    ("no and yes and list[99]", False),
    ("none == null or none < 1", True),
    # +: two numbers, strings or lists
    ("1 + 2", 3),
    ("1 + 2 + 3 + -6", 0),
    ("1 + 0.5", 1.5),
    ("half + half", 1.0),
    ("'a' + \"b\" + 'c'", "abc"),
    ("list[:1] + [9] + nothing", [1, 9]),
    ("[[1]] + [2]", [[1], 2]),
    # integers are exact within ±(2^53-1)
    ("9007199254740990 + 1", INTEGER_MAX),
    ("-9007199254740990 + -1", -INTEGER_MAX),
    ("big + -1 + 1", INTEGER_MAX),
    # len: characters, elements or keys
    ("len(word)", 5),
    ("len('👍🏽')", 2),
    ("len(list)", 5),
    ("len(object)", 3),
    ("len(nothing)", 0),
    ("len(empty)", 0),
    # first, last: an element, null for an empty list
    ("first(list)", 1),
    ("last(list)", 5),
    ("first(nothing)", None),
    ("last(nothing)", None),
    ("first(nothing).text", None),
    ("first(docs).text", "one"),
    # coalesce: the first that is not null, else null
    ("coalesce(none, 1, 2)", 1),
    ("coalesce(none, null)", None),
    ("coalesce(no, yes)", False),
    ("coalesce('', 'x')", ""),
    ("coalesce(none, nothing)", []),
    # compact: the list without nulls
    ("compact(holes)", [1, 2]),
    ("compact([null, null])", []),
    ("compact([none, no, ''])", [False, ""]),
    # flatten: one level, null lists skipped
    ("flatten(lists)", [1, 2, 3]),
    ("flatten([[[1]], [[2], null]])", [[1], [2], None]),
    ("flatten([])", []),
    # unique: without repeats, the first stays
    ("unique(words)", ["b", "a"]),
    ("unique([1, 1.0, true, '1', null, null])", [1, True, "1", None]),
    ("unique([[1], [1.0], [true]])", [[1], [True]]),
    ("unique(nothing)", []),
    # same: two objects whose id is not null are the same when their ids are equal
    ("unique(docs)", [{"id": "a", "text": "one"}, {"id": "b", "text": "two"}]),
    ("unique(loose)", [{"id": None, "v": 1}, {"v": 1}, {"v": True}]),
    ("len(unique(docs + docs))", 2),
    # zip: lists of one element each, as long as the shortest
    ("zip([1, 2], ['a', 'b'])", [[1, "a"], [2, "b"]]),
    ("zip(list, words, [0])", [[1, "b", 0]]),
    ("zip(list, nothing)", []),
    # join: the elements' texts with sep between
    ("join(words, ', ')", "b, a, b"),
    ("join(words, '')", "bab"),
    ("join(nothing, ',')", ""),
    ("join(docs, ' ')", "one two three"),
    ("join(mixed[:4], '|')", 's|t|{"u":1}|2'),
    ("join([true, 1.5, [1]], ' ')", "true 1.5 [1]"),
    # split: strings
    ("split('a, b', ', ')", ["a", "b"]),
    ("split('', ',')", [""]),
    ("split(',', ',')", ["", ""]),
    ("split(word, 'x')", ["héllo"]),
    # lower, upper, trim
    ("upper(word)", "HÉLLO"),
    ("lower('ÀB')", "àb"),
    ("upper('ß')", "SS"),
    ("trim('  a b\\n')", "a b"),
    # sum, min, max: 0, null, null for an empty list
    ("sum(list)", 15),
    ("sum([0.1, 0.2, 1])", 1.3),
    ("sum(nothing)", 0),
    ("sum([9007199254740991, 1, -1])", INTEGER_MAX),
    ("min(list)", 1),
    ("max([1, 2.5])", 2.5),
    ("min(words)", "a"),
    ("max(words)", "b"),
    ("min(nothing)", None),
    ("max(nothing)", None),
    # most_common: the most frequent value, the earliest on a tie, null for an empty list
    ("most_common(words)", "b"),
    ("most_common(['a', 'b', 'b', 'a'])", "a"),
    ("most_common([1, true, 1.0])", 1),
    ("most_common([null, 1, null])", None),
    ("most_common(nothing)", None),
    # range: 0 … n-1
    ("range(3)", [0, 1, 2]),
    ("range(0)", []),
    ("range(-1)", []),
    ("len(range(len(list) + 1))", 6),
    # now_iso: when the run was accepted
    ("now_iso()", ACCEPTED),
    ("now_iso()[:4]", "2026"),
    # literals, lists, parentheses, a `$` inside, white space
    ("-1.5e2", -150.0),
    ("[1, 'a', [true, null]]", [1, "a", [True, None]]),
    ("[one, $word, [half]]", [1, "héllo", [0.5]]),
    ("$one + $one", 2),
    (" len ( list )\n>= 5 ", True),
    ("((one))", 1),
    (r"""'a\n\t\\\'\"'""", "a\n\t\\'\""),
    ("'two\nlines'", "two\nlines"),
]

FAILS = [
    # [i] outside the list fails the step
    ("list[5]", "bad-value", "list[5]"),
    ("list[-6]", "bad-value", "list[-6]"),
    ("word[9]", "bad-value", "word[9]"),
    ("list[big]", "bad-value", "list[…]"),
    ("nothing[0]", "bad-value", "nothing[0]"),
    # what is neither a list, a string nor an object has no parts
    ("one.a", "wrong-type", "one.a"),
    ("yes[0]", "wrong-type", "yes[0]"),
    ("half[0:1]", "wrong-type", "half"),
    ("object[0]", "wrong-type", "object[0]"),
    ("object[0:1]", "wrong-type", "object"),
    ("list.a", "wrong-type", "list.a"),
    ("list['0']", "wrong-type", "list.0"),
    ("list[1.0]", "wrong-type", "list[…]"),
    ("list[yes]", "wrong-type", "list[…]"),
    ("object[none]", "wrong-type", "object[…]"),
    ("list[half:]", "wrong-type", "list[…]"),
    ("list[:none]", "may-be-null", "list[…]"),
    # < and its kin take nothing else
    ("1 < 'a'", "wrong-type", ""),
    ("list < one", "wrong-type", "list"),
    ("one < list", "wrong-type", "list"),
    ("one > none", "may-be-null", "none"),
    ("none <= one", "may-be-null", "none"),
    ("yes < no", "wrong-type", "yes"),
    # in
    ("1 in one", "wrong-type", "one"),
    ("1 in none", "may-be-null", "none"),
    ("one in word", "wrong-type", "one"),
    ("none in object", "may-be-null", "none"),
    # and, or and not take booleans
    ("one and yes", "wrong-type", "one"),
    ("yes and one", "wrong-type", "one"),
    ("no or empty", "wrong-type", "empty"),
    ("not nothing", "wrong-type", "nothing"),
    # +
    ("one + word", "wrong-type", "word"),
    ("word + one", "wrong-type", "one"),
    ("list + word", "wrong-type", "word"),
    ("yes + yes", "wrong-type", "yes"),
    ("object + object", "wrong-type", "object"),
    ("none + 1", "may-be-null", "none"),
    ("1 + none", "may-be-null", "none"),
    ("big + 1", "too-large", ""),
    ("-9007199254740991 + -1", "too-large", ""),
    ("huge + huge", "too-large", ""),
    ("long + 'x'", "too-large", ""),
    # functions
    ("len(one)", "wrong-type", "one"),
    ("len(none)", "may-be-null", "none"),
    ("first(none)", "may-be-null", "none"),
    ("last(word)", "wrong-type", "word"),
    ("compact(word)", "wrong-type", "word"),
    ("flatten(list)", "wrong-type", "list"),
    ("flatten(none)", "may-be-null", "none"),
    ("unique(object)", "wrong-type", "object"),
    ("zip(list, one)", "wrong-type", "one"),
    ("join(word, ',')", "wrong-type", "word"),
    ("join(words, one)", "wrong-type", "one"),
    ("join(mixed, ',')", "may-be-null", "mixed"),
    ("split(word, '')", "bad-value", ""),
    ("split(words, ',')", "wrong-type", "words"),
    ("lower(one)", "wrong-type", "one"),
    ("upper(none)", "may-be-null", "none"),
    ("trim(words)", "wrong-type", "words"),
    ("sum(words)", "wrong-type", "words"),
    ("sum(holes)", "may-be-null", "holes"),
    ("sum([yes])", "wrong-type", ""),
    ("sum([big, 1])", "too-large", ""),
    ("sum([huge, huge])", "too-large", ""),
    ("min([1, 'a'])", "wrong-type", ""),
    ("max(holes)", "may-be-null", "holes"),
    ("min(docs)", "wrong-type", "docs"),
    ("range(half)", "wrong-type", "half"),
    ("range(yes)", "wrong-type", "yes"),
    (f"range({LIST_ITEMS_MAX + 1})", "too-large", ""),
    ("range(big)", "too-large", ""),
    ("range(99999) + range(99999)", "too-large", ""),
    ("long + long", "too-large", ""),
]  # fmt: skip


def lookup(leaf: object):
    return ACCEPTED if isinstance(leaf, AcceptedAt) else SCOPE[leaf.id]


def value(expression: str):
    parsed = parse_expression(f"${expression}")
    assert not parsed.problems
    return evaluate(parsed.value, lookup)


@pytest.mark.parametrize(("expression", "expected"), GIVES)
def test_an_expression_gives(expression: str, expected: object):
    given = value(expression)
    assert given == expected
    assert type(given) is type(expected)


@pytest.mark.parametrize(("expression", "code", "path"), FAILS)
def test_an_expression_fails_the_step(expression: str, code: str, path: str):
    with pytest.raises(EvaluationError) as error:
        value(expression)
    assert (error.value.code, error.value.path) == (code, path)
    if code == "too-large":
        assert error.value.detail.endswith("_max`)")


def test_every_function_and_operator_is_in_the_tables():
    text = " ".join(expression for expression, *_ in GIVES)
    assert not [name for name in NAMES if f"{name}(" not in text]
    signs = ("or", "and", "not", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "+")
    assert not [sign for sign in signs if f" {sign} " not in f" {text}"]
