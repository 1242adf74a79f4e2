"""Walking and rewriting values."""

from spec.templates import parse_template
from spec.values import ListOf, Literal, Member, Name, ObjectOf, leaves, substitute

VALUE = ObjectOf(
    (
        ("text", parse_template("a {{ x.y }} {{ z }}").value),
        ("list", ListOf((Member(Name("x"), 0), Literal(1)))),
    )
)


def test_leaves_come_from_left_to_right_with_repeats():
    assert list(leaves(VALUE)) == [Name("x"), Name("z"), Name("x")]


def test_substitution_replaces_every_leaf_and_nothing_else():
    replaced = substitute(VALUE, lambda leaf: Literal(str(leaf)))
    assert list(leaves(replaced)) == []
    assert substitute(VALUE, lambda leaf: leaf) == VALUE
