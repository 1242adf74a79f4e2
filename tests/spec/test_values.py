"""Walking and rewriting values."""

from spec.templates import parse_template
from spec.values import ListOf, Literal, Member, Name, ObjectOf, leaves, rewrite

VALUE = ObjectOf(
    (
        ("text", parse_template("a {{ x.y }} {{ z }}").value),
        ("list", ListOf((Member(Name("x"), 0), Literal(1)))),
    )
)


def test_leaves_come_from_left_to_right_with_repeats():
    assert list(leaves(VALUE)) == [Name("x"), Name("z"), Name("x")]


def test_a_rule_replaces_what_it_speaks_of_and_nothing_else():
    replaced = rewrite(VALUE, lambda part: Literal(part.id) if isinstance(part, Name) else None)
    assert list(leaves(replaced)) == []
    assert rewrite(VALUE, lambda part: None) == VALUE


def test_a_rule_is_asked_from_the_outside_in():
    member = Member(Name("x"), 0)
    replaced = rewrite(VALUE, lambda part: Name("first") if part == member else None)
    assert Name("first") in list(leaves(replaced))
