"""Values that want quotes and have none: each is refused at its place, with what to do about it."""

import pytest

from spec.load import load
from spec.problems import Problem, SpecError
from spec.source import Source
from spec.vocabulary import Vocabulary

QUOTE = "wants quotes around all of it"
PAGE = """\
workflow: quotes
inputs: {{question: string, words: "string[]"}}
steps:
  a:
    {step}
outputs: {{x: 1}}
"""
ON_A_LINE = PAGE.replace("  a:\n    {step}", "  a: {{{step}}}")


def refused(page: str, vocabulary: Vocabulary) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as error:
        load(Source("quotes.yaml", page.encode(), "yaml"), vocabulary)
    return error.value.problems


def inside_braces(step: str, vocabulary: Vocabulary) -> Problem:
    """Return what is wrong with a step inside `{ }`, its column counted from there."""
    (problem,) = refused(ON_A_LINE.format(step=step), vocabulary)
    return problem


@pytest.mark.parametrize(
    ("inputs", "column"),
    [
        ("{x: string[]}", 19),
        ("{x: string[]?}", 19),
        ("{x: {type: doc[], description: y}}", 23),
        ("{x: {type: doc[]?}}", 23),
    ],
)
def test_a_type_of_lists_inside_braces(inputs: str, column: int, vocabulary: Vocabulary):
    (problem,) = refused(f"workflow: w\ninputs: {inputs}\n", vocabulary)
    assert (problem.code, problem.line, problem.column) == ("syntax", 2, column)
    assert problem.detail.startswith("inside { } and [ ] a value that holds any of [ ] { } ,")
    assert problem.detail.endswith(QUOTE)


def test_a_type_that_may_be_null_needs_no_quotes(vocabulary: Vocabulary):
    page = PAGE.format(step="use: text\n    template: x").replace("string,", "string?,")
    assert load(Source("w", page.encode(), "yaml"), vocabulary).inputs[0].type.optional


@pytest.mark.parametrize(
    ("value", "column"),
    [
        ("$inputs.words[0]", 14),
        ("$inputs.words[1:2]", 14),
        ("$[1, 2]", 2),
        ("$inputs.words == []", 18),
        ("[$inputs.words[0], 1]", 15),
        ("Hello {{ inputs.question }}", 7),
        ("Hello {{ inputs.question }}, you", 7),
        ("[1] and more", 5),
        ("Why: not", 4),
        ('"x"y', 4),
        ("$coalesce(inputs.words, 'x')", 28),
    ],
)
def test_a_value_inside_braces_that_yaml_cannot_read(
    value: str, column: int, vocabulary: Vocabulary
):
    problem = inside_braces(f"use: value, value: {value}", vocabulary)
    first = len("  a: {use: value, value: ")
    assert (problem.code, problem.line, problem.column) == ("syntax", 4, first + column)
    assert QUOTE in problem.detail


def test_a_call_that_a_comma_cuts_is_one_problem_at_the_scalar(vocabulary: Vocabulary):
    step = "use: value, value: $coalesce(inputs.question, coalesce(inputs.words, 1)), after: []"
    problem = inside_braces(step, vocabulary)
    assert (problem.code, problem.pointer, problem.column) == (
        "bad-expression", "/steps/a/value", 26,
    )  # fmt: skip
    assert problem.detail.endswith(f"a value without quotes ends at a `,`: this one {QUOTE}")


def test_so_is_one_in_a_list(vocabulary: Vocabulary):
    problem = inside_braces("use: value, value: [$coalesce(inputs.words, $b), 1]", vocabulary)
    assert (problem.code, problem.pointer, problem.column) == (
        "bad-expression", "/steps/a/value/0", 27,
    )  # fmt: skip
    assert problem.detail.endswith(QUOTE)


def test_what_stands_behind_a_call_that_was_cut_is_still_read(vocabulary: Vocabulary):
    page = ON_A_LINE.format(step="use: value, value: [$len(inputs.words, 1), $b]")
    assert [problem.code for problem in refused(page, vocabulary)] == [
        "bad-expression", "unknown-reference",
    ]  # fmt: skip


@pytest.mark.parametrize("bad", ["$f(a", "$f((((a"])
@pytest.mark.parametrize(("opening", "closing"), ["[]", "{}"])
def test_a_page_full_of_cut_calls_is_answered_in_bounded_work(
    bad: str, opening: str, closing: str, vocabulary: Vocabulary
):
    items = [f"k{number}: {bad}, b{number}" if opening == "{" else bad for number in range(10_000)]
    page = ON_A_LINE.format(step=f"use: value, value: {opening}{', '.join(items)}{closing}")
    assert refused(page, vocabulary)[0].code == "bad-expression"


def test_an_expression_that_is_wrong_by_itself_asks_for_no_quotes(vocabulary: Vocabulary):
    for value in ("$(inputs.words", '"$(inputs.words"'):
        problem = inside_braces(f"use: value, value: {value}, after: []", vocabulary)
        assert problem.detail == "`)` is missing at the end"


@pytest.mark.parametrize(
    ("value", "key", "column"), [("Hello, you", "you", 8), ("a, b, after: []", "b", 4)]
)
def test_text_that_a_comma_cuts_is_a_key_that_nothing_reads(
    value: str, key: str, column: int, vocabulary: Vocabulary
):
    problem = inside_braces(f"use: text, template: {value}", vocabulary)
    first = len("  a: {use: text, template: ")
    assert (problem.code, problem.pointer) == ("unknown-key", f"/steps/a/{key}")
    assert problem.column == first + column
    assert problem.detail.endswith(QUOTE)


@pytest.mark.parametrize(
    "value", ["{{ inputs.question }}", "{{inputs.question}} and more", "{{ a | json }}: b"]
)
@pytest.mark.parametrize("page", [PAGE, ON_A_LINE])
def test_a_slot_without_quotes_is_an_object_for_a_key(
    value: str, page: str, vocabulary: Vocabulary
):
    (problem,) = refused(page.format(step=f"template: {value}"), vocabulary)
    line = page.format(step=f"template: {value}").splitlines()[problem.line - 1]
    assert problem.code == "yaml-feature"
    assert line[problem.column - 2 :].startswith("{{")
    assert problem.detail.endswith(f"a value that begins with `{{{{` {QUOTE}")


def test_a_slot_without_quotes_that_holds_a_quote_is_not_closed(vocabulary: Vocabulary):
    step = "use: text\n    template: {{ inputs.words | join(', ') }}"
    (problem,) = refused(PAGE.format(step=step), vocabulary)
    assert (problem.code, problem.line, problem.column) == ("syntax", 8, 1)
    assert problem.detail == (
        "the `'` of line 6, column 41 opens a quote that is not closed; "
        f"a value that begins with `{{{{` {QUOTE}"
    )


@pytest.mark.parametrize(
    ("value", "column", "says"),
    [
        ("a: b", 2, f"a value that holds `: ` {QUOTE}"),
        ("Question: what?", 9, f"a value that holds `: ` {QUOTE}"),
        ("$inputs.question == 'a: b'", 23, f"a value that holds `: ` {QUOTE}"),
        ("@x", 1, f"a value that begins with `@` {QUOTE}"),
        ("`x`", 1, f"a value that begins with a backtick {QUOTE}"),
        ("%x", 1, f"a value that begins with `%` {QUOTE}"),
        ("* item", 2, f"a value that begins with `*` {QUOTE}"),
        ("*item*", 6, f"a value that begins with `*` {QUOTE}"),
        ("& more", 2, f"a value that begins with `&` {QUOTE}"),
        ("!a!b", 1, f"a value that begins with `!` {QUOTE}"),
        ("| x", 3, f"a value that begins with `|` {QUOTE}"),
        ("> x", 3, f"a value that begins with `>` {QUOTE}"),
        ("- x", 1, f"a value that begins with `- ` {QUOTE}; a list begins on the line below"),
        ("? x", 1, f"a value that begins with `? ` {QUOTE}"),
        (", x", 1, f"a value that begins with `,` {QUOTE}"),
        ("] x", 1, f"a value that begins with `]` {QUOTE}"),
        ("[x] y", 5, f"the value has ended before this: one that goes on {QUOTE}"),
        ("{x} y", 5, f"the value has ended before this: one that goes on {QUOTE}"),
        ('"x" y', 5, f"the value has ended before this: one that goes on {QUOTE}"),
        ("'it's'", 5, f"{QUOTE}; in single quotes a `'` is written twice"),
        (r'"\d"', 2, r"in double quotes `\` opens an escape: write `\\`, or use single quotes"),
    ],
)
@pytest.mark.parametrize("within", ["", "- "])
def test_a_value_beside_its_key_that_yaml_cannot_read(
    value: str, column: int, says: str, within: str, vocabulary: Vocabulary
):
    if within and value == "- x":
        value, column = "k: - x", 4
    step = f"use: value\n    value: {value}"
    if within:
        step = f"use: value\n    value:\n    - k: {value}".replace("k: k: ", "k: ")
    (problem,) = refused(PAGE.format(step=step), vocabulary)
    first = PAGE.format(step=step).splitlines()[problem.line - 1].index(value)
    assert (problem.code, problem.column) == ("syntax", first + column)
    assert says in problem.detail


@pytest.mark.parametrize(
    ("step", "line", "column"),
    [
        ("\tuse: text", 5, 5),
        ("use: text\n\ttemplate: x", 6, 1),
        ("use: text\n    \ttemplate: x", 6, 5),
        ("use: text\n    template: |\n\tx", 7, 1),
    ],
)
def test_a_tab_that_should_indent(step: str, line: int, column: int, vocabulary: Vocabulary):
    (problem,) = refused(PAGE.format(step=step), vocabulary)
    assert (problem.code, problem.line, problem.column) == ("syntax", line, column)
    assert problem.detail == "a tab does not indent in YAML: use spaces"


@pytest.mark.parametrize(
    ("step", "line", "column", "says"),
    [
        ("use: text\n   template: x", 6, 4, "this line is indented unlike those it belongs to"),
        ("after:\n    - b\n   - c", 7, 4, "this line is indented unlike those it belongs to"),
        ("use: text\n      template: x", 6, 15, "indent it as far as its neighbours"),
        ("use:text\n    template: x", 6, 13, "put a space after each `:`"),
        ("use: text\n    template", 7, 1, "a `:` and a space are missing after the key of line 6"),
        ('use: "text', 7, 1, 'the `"` of line 5, column 10 opens a quote that is not closed'),
        ("after: [b\n    use: text", 6, 8, "between two keys stands a `,`"),
        ("after: [b,\n    'c'\n    'd']", 7, 5, "or a `,` is missing before this"),
        ("after: [b", 6, 8, "or the `[` of line 5, column 12 is not closed"),
        ("after: ['b'", 6, 1, "the `[` of line 5, column 12 is not closed, or a `,` is missing"),
        ("after: [b}", 5, 14, "a value that holds any of"),
    ],
)
def test_what_no_quotes_would_cure(
    step: str, line: int, column: int, says: str, vocabulary: Vocabulary
):
    (problem,) = refused(PAGE.format(step=step), vocabulary)
    assert (problem.code, problem.pointer) == ("syntax", None)
    assert (problem.line, problem.column) == (line, column)
    assert says in problem.detail


def test_a_missing_space_is_named_where_it_makes_another_key(vocabulary: Vocabulary):
    problem = inside_braces("use: text, template:x", vocabulary)
    assert (problem.code, problem.hint) == ("unknown-key", "template")
    assert problem.detail.endswith("a space is missing after its `:`")
    problem = inside_braces("use:text, template: x", vocabulary)
    assert problem.code == "missing-key"
    assert problem.detail.endswith("or put a space after the `:` of `use:text`")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("!important", "`!important` is a tag; leave it out, or quote the whole value"),
        ("!!str x", "`!!str` is a tag; leave it out, or quote the whole value"),
        ("&x y", "`&x` is an anchor; leave it out, or quote the whole value"),
        ("*x", "`*x` is an alias; write the value out, or quote it"),
    ],
)
def test_text_that_yaml_reads_as_a_feature(written: str, says: str, vocabulary: Vocabulary):
    (problem,) = refused(PAGE.format(step=f"use: text\n    template: {written}"), vocabulary)
    assert (problem.code, problem.line, problem.column) == ("yaml-feature", 6, 15)
    assert problem.detail.startswith(says)
