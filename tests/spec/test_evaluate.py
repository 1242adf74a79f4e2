"""Values become data and text, and nothing else of an object is ever touched."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.evaluate import Evaluation, EvaluationError, evaluate
from spec.expressions import parse_expression
from spec.templates import parse_template
from spec.values import Leaf, ListOf, Literal, Name, ObjectOf

SCOPE = {
    "docs": [{"id": "a", "text": "one", "meta": {"page": 1}}, {"id": "b", "text": "two"}],
    "words": ["x", "y"],
    "nothing": None,
    "number": 1.0,
    "yes": True,
    "word": "héllo {{ words }}",
    "object": {"a": [1, None, "é\n"], "keys": {"k": 2}},
}


def lookup(leaf: Leaf):
    assert isinstance(leaf, Name)
    return SCOPE[leaf.id]


def value(expression: str):
    return evaluate(parse_expression(expression).value, lookup)


def text(template: str) -> str:
    return evaluate(parse_template(template).value, lookup)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$docs[-1].id", "b"),
        ("$object.keys.k", 2),
        ("$object['keys']", {"k": 2}),
        ("$object.missing", None),
        ("$object.missing.deeper[3]", None),
        ("$nothing[0].x", None),
        ("$word[1]", "é"),
        ("$[words[0], 'z', number]", ["x", "z", 1.0]),
    ],
)
def test_a_path_is_walked_by_key_and_position(expression: str, expected: object):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("$docs[2]", "bad-value"),
        ("$docs[-3]", "bad-value"),
        ("$docs.id", "wrong-type"),
        ("$number.real", "wrong-type"),
        ("$word.upper", "wrong-type"),
        ("$object[0]", "wrong-type"),
        ("$yes[0]", "wrong-type"),
    ],
)
def test_a_path_that_cannot_be_walked_fails_with_its_name(expression: str, code: str):
    with pytest.raises(EvaluationError) as error:
        value(expression)
    assert (error.value.code, error.value.path) == (code, expression[1:])


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ word }}!", "héllo {{ words }}!"),
        ("{{ number }} {{ yes }}", "1.0 true"),
        ("{{ object }}", '{"a":[1,null,"é\\n"],"keys":{"k":2}}'),
        ("{{ docs | numbered }}", "[1] one\n[2] two"),
        ("{{ words | join(', ') }}", "x, y"),
        ("{{ nothing | default('-') }}{{ nothing | default([]) | numbered }}", "-"),
        ("{{ word | truncate(2) }}", "hé"),
        ("{{ nothing | json }}", "null"),
        ("{{ docs | each('{i}:{}:{id}:{meta.page}:{meta}|') }}", '1:one:a:1:{"page":1}|2:two:b::|'),
        ("{{ words | each('\\{{}}') }}", "{x}{y}"),
    ],
)
def test_a_slot_is_written(template: str, expected: str):
    assert text(template) == expected


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{ nothing }}", "may-be-null"),
        ("{{ nothing | numbered }}", "may-be-null"),
        ("{{ nothing | truncate(1) }}", "may-be-null"),
        ("{{ word | join('') }}", "wrong-type"),
        ("{{ words | truncate(1) }}", "wrong-type"),
        ("{{ words | each('{name}') }}", "wrong-type"),
        ("{{ object | numbered }}", "wrong-type"),
    ],
)
def test_a_slot_that_cannot_be_written_fails_with_its_path(template: str, code: str):
    with pytest.raises(EvaluationError) as error:
        text(template)
    assert error.value.code == code
    assert error.value.path in template


@pytest.mark.parametrize("expression", ["a == b", "b == a", "a in [b]", "unique([a])"])
@pytest.mark.parametrize("key", [1, None, object()], ids=repr)
def test_an_object_whose_keys_are_no_strings_equals_nothing_that_can_be_told(
    expression: str, key: object
):
    scope = {"a": {key: 1}, "b": {"k": 1}}
    with pytest.raises(EvaluationError, match="a key that is no string"):
        evaluate(parse_expression(f"${expression}").value, lambda leaf: scope[leaf.id])


def test_opaque_values_pass_through_but_are_never_text():
    thing = object()
    assert evaluate(Name("x"), lambda _: thing) is thing
    assert evaluate(ListOf((Name("x"), Literal(1))), lambda _: thing) == [thing, 1]
    assert evaluate(ObjectOf((("k", Name("x")),)), lambda _: thing) == {"k": thing}
    for template in ("{{ x }}", "{{ x | json }}", "{{ x.y }}"):
        with pytest.raises(EvaluationError):
            evaluate(parse_template(template).value, lambda _: thing)


def test_data_deeper_than_can_be_written_fails_in_the_same_way():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(EvaluationError):
        evaluate(parse_template("{{ x | json }}").value, lambda _: deep)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["text", "a", "b"]), inner),
)
FORMATTERS = ["json", "numbered", "join(',')", "default('x')", "truncate(2)", "each('{a.b}{}{i}')"]


@given(
    JSON,
    st.lists(st.sampled_from([".a", ".text", "[0]", "[1]"]), max_size=3).map("".join),
    st.lists(st.sampled_from(FORMATTERS), max_size=4),
)
def test_nothing_but_an_evaluation_error_is_ever_raised(data: object, path: str, names: list[str]):
    template = "{{ x" + path + "".join(f" | {name}" for name in names) + " }}"
    for parsed in (parse_template(template), parse_expression("$x" + path)):
        assert not parsed.problems
        with suppress(EvaluationError):
            evaluate(parsed.value, lambda _: data)


def test_text_is_bounded_while_it_is_written_and_over_all_its_places():
    read = []
    many = parse_template("{{ x }}" * 50).value

    def lookup(leaf: Leaf):
        read.append(leaf)
        return "y" * 30

    with pytest.raises(EvaluationError) as found:
        Evaluation(lookup, 100).value(many)
    assert (found.value.code, len(read)) == ("too-large", 4)
    short = parse_template("{{ x }}, {{ x }}").value
    assert len(Evaluation(lookup, 100).value(short)) == 62
    with pytest.raises(EvaluationError):
        Evaluation(lookup, 100).value(ListOf((short, short)))
