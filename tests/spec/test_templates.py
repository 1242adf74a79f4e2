"""Text with slots is read once into a flat list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.templates import parse_template
from spec.values import Formatter, Literal, Member, Name, Slot, Text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", Literal("")),
        ("plain }} {x} {% y %} \\n $z", Literal("plain }} {x} {% y %} \\n $z")),
        ("{{{{ a }}", Literal("{{ a }}")),
        ("{{a}}", Text((Slot(Name("a")),))),
        ("x {{ a.b[0] }} y", Text(("x ", Slot(Member(Member(Name("a"), "b"), 0)), " y"))),
        ("{{{{{{ a }}}}", Text(("{{", Slot(Name("a")), "}}"))),
        (
            "{{ a | join(', ') | truncate(3) }}",
            Text((Slot(Name("a"), (Formatter("join", ", "), Formatter("truncate", 3))),)),
        ),
        (
            "{{ a|default([]) | default(true)|default(1.5) |numbered }}",
            Text(
                (
                    Slot(
                        Name("a"),
                        (
                            Formatter("default", []),
                            Formatter("default", True),
                            Formatter("default", 1.5),
                            Formatter("numbered"),
                        ),
                    ),
                )
            ),
        ),
        (
            "{{ a | each('}} {i}') }}",
            Text((Slot(Name("a"), (Formatter("each", "}} {i}"),)),)),
        ),
    ],
)
def test_text_is_read_into_segments(text: str, value: object):
    parsed = parse_template(text)
    assert (parsed.value, parsed.problems) == (value, ())


@pytest.mark.parametrize(
    "slot",
    [
        "{{",
        "{{ }}",
        "{{ 1 }}",
        "{{ 'a' }}",
        "{{ $a }}",
        "{{ a b }}",
        "{{ a + b }}",
        "{{ a[-1] }}",
        "{{ a['b'] }}",
        "{{ a. }}",
        "{{ a | }}",
        "{{ a | join }}",
        "{{ a | json() }}",
        "{{{ a }}}",
        "{{ a | join(1) }}",
        "{{ a | truncate(1.5) }}",
        "{{ a | default(null) }}",
        "{{ len(a) }}",
        "{{ a | default(-1) }}",
        "{{ a | each('{') }}",
        "{{ a | numbered(1) }}",
        "{{ true }}",
        "{{ a } }",
        "{{ a | join('x }}",
    ],
)
def test_a_slot_that_is_not_well_formed_is_refused_at_its_braces(slot: str):
    (problem,) = parse_template("four" + slot).problems
    assert (problem.code, problem.offset) == ("bad-template", 4)


@pytest.mark.parametrize(
    ("slot", "limit"),
    [
        ("{{ a" + "|json" * 9 + " }}", "formatters_max"),
        ("{{ a" + ".b" * 100 + " }}", "path_segments_max"),
    ],
)
def test_a_slot_that_is_too_long_is_refused_at_its_braces(slot: str, limit: str):
    (problem,) = parse_template("four" + slot).problems
    assert (problem.code, problem.offset) == ("too-large", 4)
    assert f"`{limit}`" in problem.detail


def test_a_number_that_cannot_be_told_is_refused_where_it_stands():
    (problem,) = parse_template("four{{ a | truncate(99999999999999999999) }}").problems
    assert (problem.code, problem.offset) == ("bad-value", 20)


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        ("{{ a + 1 }}", "`}}` is missing before `+`; what is computed stands in a `value` step"),
        ("{{ a }", "`}}` is missing before `}`"),
        ("{{ a", "`}}` is missing at the end"),
        ("{{ 'x' }}", "a slot starts with a name; what is computed stands in a `value` step"),
        ("{{ $a }}", "names in a slot stand without `$`"),
        ("{{ a.1 }}", "a position stands in brackets, as in `[0]`"),
        ("{{ a | join }}", "`join` needs a value in brackets"),
        ("{{ a | join('x' }}", "`)` is missing before `}}`"),
    ],
)
def test_a_slot_that_is_none_says_what_it_lacks(slot: str, said: str):
    (problem,) = parse_template(slot).problems
    assert (problem.code, problem.detail) == ("bad-template", said)


def test_every_slot_is_read_whatever_the_others_are():
    parsed = parse_template("{{ }} {{ a | upper }} {{ b | joinn(',') }} {{ c }}")
    assert [(problem.code, problem.offset) for problem in parsed.problems] == [
        ("bad-template", 0), ("unknown-formatter", 13), ("unknown-formatter", 29),
    ]  # fmt: skip
    assert parsed.problems[2].hint == "join"
    assert [str(reference) for reference in parsed.references] == ["a", "b", "c"]


@given(st.text("{}ab.|()'\"[]0 \\n", max_size=40))
def test_no_text_makes_it_fail_in_any_other_way(text: str):
    parse_template(text)


def test_a_slot_is_read_the_same_at_sight_and_word_by_word():
    """Many spaces are beyond what is taken in at sight; they mean nothing."""
    chain = r'| default("a \" b") | truncate( 3 )'
    short, long = (parse_template(f"{{{{ a.b {chain}{' ' * spaces}}}}}") for spaces in (0, 300))
    assert short == long
    assert short.words == len(["{{", *"a.b", *"|d(x)", *"|t(3)", "}}"])
