"""Of what type an expression is, and what is said of one that cannot be computed."""

import pytest

from spec.expressions import parse_expression
from spec.inference import Wrong, infer, shape_of
from spec.model import Input, Origin
from spec.scope import Scope, Shape
from spec.types import Type, parse_type
from spec.values import ListOf, Literal, Name, Operation

_PEOPLE = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name"],
    },
}


def of(word: str) -> Type:
    type = parse_type(word)
    assert type is not None
    return type


INPUTS = {
    "i": "integer", "n": "number", "s": "string", "b": "boolean", "o": "object", "x": "any",
    "d": "doc", "l": "string[]", "ns": "number[]", "ds": "doc[]", "dd": "doc[][]", "xs": "any[]",
    "note": "string?", "oi": "integer?", "od": "doc?", "ods": "doc[]?", "index": "index",
}  # fmt: skip
SCOPE = Scope(
    inputs={
        **{
            id: Input(id, of(word), True, None, {}, "", Origin("", "", 1, 1))
            for id, word in INPUTS.items()
        },
        "people": Input("people", of("object[]"), True, None, _PEOPLE, "", Origin("", "", 1, 1)),
        "unclear": None,
    },
    steps={
        "one": {"text": Shape(of("string"))},
        "two": {"left": Shape(of("string")), "right": Shape(of("integer"))},
        "holes": {"docs": Shape(Type("doc", 1, holes=(True,)))},
        "broken": None,
    },
    names={**{id: of(word) for id, word in INPUTS.items()}, "people": of("object[]")},
)


def inferred(text: str) -> tuple[str | None, list[Wrong]]:
    found: list[Wrong] = []
    placed = parse_expression(f"${text}").placed
    assert placed is not None
    shape = infer(SCOPE, placed, found.append)
    return str(shape.type) if shape else None, found


@pytest.mark.parametrize(
    ("text", "type"),
    [
        # paths, keys, slices
        ("s[0]", "string"),
        ("s[i]", "string"),
        ("s[1:]", "string"),
        ("l[i + 1]", "string"),
        ("ds[1:][0].score", "number?"),
        ("ds[i].text", "string"),
        ("o[s]", "any"),
        ("d[s]", "any"),
        ("x[i]", "any"),
        ("x.a[s][1:2]", "any"),
        ("od.text", "string?"),
        ("od[s]", "any?"),
        ("ods[i]", "doc?"),
        ("ods[:2]", "doc[]?"),
        ("inputs.people[i].name", "string"),
        ("inputs.people[i].age", "integer?"),
        ("inputs.people[1:][0].age", "integer?"),
        ("inputs[s]", "any"),
        ("holes.docs[0]", "doc?"),
        ("holes.docs[1:]", "doc?[]"),
        ("one", "string"),
        ("one + 'x'", "string"),
        # operators
        ("b and not b or b", "boolean"),
        ("note == null", "boolean"),
        ("i < n", "boolean"),
        ("s in l", "boolean"),
        ("i + i", "integer"),
        ("i + n", "number"),
        ("i + x", "any"),
        ("n + x", "number"),
        ("s + x", "string"),
        ("l + x", "any[]"),
        ("x + x", "any"),
        ("ds + ds", "doc[]"),
        ("l + ns", "any[]"),
        ("ds + [od]", "doc?[]"),
        # lists
        ("[i, n]", "number[]"),
        ("[i, s]", "any[]"),
        ("[i, oi]", "integer?[]"),
        ("[d, null]", "doc?[]"),
        ("[[i], [s]]", "any[][]"),
        ("[]", "any[]"),
        # functions
        ("len(o)", "integer"),
        ("first(ds)", "doc?"),
        ("last(ds).text", "string?"),
        ("coalesce(note, s)", "string"),
        ("coalesce(note, null)", "string?"),
        ("coalesce(null)", "any?"),
        ("coalesce(i, n)", "number"),
        ("coalesce(oi, s)", "any"),
        ("compact(holes.docs)", "doc[]"),
        ("compact(ods)", "doc[]"),
        ("flatten(dd)", "doc[]"),
        ("flatten([ods, ds])", "doc[]"),
        ("flatten(xs)", "any[]"),
        ("unique(ds)", "doc[]"),
        ("unique(holes.docs)", "doc?[]"),
        ("zip(l, l)", "string[][]"),
        ("zip(l, ns)", "any[][]"),
        ("join(ds, ' ')", "string"),
        ("split(s, ',')", "string[]"),
        ("upper(lower(trim(s)))", "string"),
        ("sum([i])", "integer"),
        ("sum(ns)", "number"),
        ("sum(xs)", "any"),
        ("min(l)", "string?"),
        ("max(ns)", "number?"),
        ("most_common(ds)", "doc?"),
        ("range(i)", "integer[]"),
        ("now_iso()", "string"),
    ],
)
def test_an_expression_is_of_the_type(text: str, type: str):
    assert inferred(text) == (type, [])


@pytest.mark.parametrize(
    ("text", "code", "offset"),
    [
        ("[s, 1 + nowhere.x.y]", "unknown-reference", 9),
        ("len(inputs.nowhere)", "unknown-reference", 12),
        ("two.middle == 1", "unknown-reference", 5),
        ("ds[0].txt + 'x'", "unknown-reference", 7),
        ("first(ds).txt", "unknown-reference", 11),
        ("item", "unknown-reference", 1),
        ("len(two)", "wrong-type", 5),
        ("one[i]", "wrong-type", 1),
        ("one[1:]", "wrong-type", 1),
        ("1 + (s)", "wrong-type", 6),
        ("not (b and i)", "wrong-type", 12),
        ("l['a' + s]", "wrong-type", 3),
        ("len(first(l)[0] + 1)", "may-be-null", 5),
        ("upper(ods[0].title)", "may-be-null", 7),
        ("s in [index]", "wrong-type", 6),
        ("index == index", "wrong-type", 1),
        ("sum(flatten([[oi]]))", "may-be-null", 5),
    ],
)
def test_the_first_thing_wrong_is_found_where_it_stands(text: str, code: str, offset: int):
    _, found = inferred(text)
    assert (found[0].code, found[0].offset) == (code, offset)


@pytest.mark.parametrize(
    "text", ["broken.x + 1", "len(broken)", "inputs.unclear[0] < 'a'", "[broken.x][0] + 1"]
)
def test_nothing_follows_from_what_is_not_known(text: str):
    assert inferred(text)[1] == []


def test_what_is_wrong_is_not_said_twice():
    _, found = inferred("upper(nowhere) + len(nowhere2.x)")
    assert [wrong.code for wrong in found] == ["unknown-reference", "unknown-reference"]


def test_a_value_that_stands_in_no_string_has_a_type_too():
    sum = Operation("+", (Name("i"), Literal(0.5)))
    shape = shape_of(SCOPE, ListOf((sum, Name("oi"))))
    assert shape is not None
    assert str(shape.type) == "number?[]"
