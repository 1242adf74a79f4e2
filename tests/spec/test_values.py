"""Walking and rewriting values."""

from spec.expressions import parse_expression
from spec.templates import parse_template
from spec.values import ListOf, Literal, Member, Name, ObjectOf, Value, leaves, rewrite

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


COMPUTED = parse_expression(
    "$not (a[b.c] in [d, now_iso()]) or e[f:] + e[:g] + e[h:i] == len(j)"
).value


def test_leaves_of_an_expression_come_from_left_to_right():
    ids = [leaf.id if isinstance(leaf, Name) else "now" for leaf in leaves(COMPUTED)]
    assert ids == ["a", "b", "d", "now", "e", "f", "e", "g", "e", "h", "i", "j"]


def test_an_expression_is_rewritten_at_every_depth():
    def shout(part: Value) -> Value | None:
        return Name(part.id.upper()) if isinstance(part, Name) else None

    shouted = parse_expression(
        "$not (A[B.c] in [D, now_iso()]) or E[F:] + E[:G] + E[H:I] == len(J)"
    ).value
    assert rewrite(COMPUTED, shout) == shouted
    assert rewrite(COMPUTED, lambda part: None) == COMPUTED
