"""Reading, writing and reading again is as good as reading once."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings

from spec.expressions import parse_expression
from spec.load import load
from spec.model import Document, Flow, Origin
from spec.source import Media, Source
from spec.templates import parse_template
from spec.vocabulary import Vocabulary
from tests.spec.generated import EXPRESSIONS, WELL_TYPED
from tests.spec.generated_pages import DOCUMENTS, TEMPLATES
from tests.spec.rendered import expression, template
from tests.spec.rendered_pages import as_yaml, page
from tests.spec.test_golden import ACCEPTED, in_force, source_of


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the last type: `1` is not `1.0`, nor `true`."""
    return one == other and repr(one) == repr(other)


def assert_expression_kept(text: str) -> None:
    value = parse_expression(text).value
    assert same(parse_expression(f"${expression(value)}").value, value)


@given(EXPRESSIONS | WELL_TYPED)
@settings(max_examples=300)
def test_an_expression_written_again_is_the_same(text: str):
    assert_expression_kept(text)


@pytest.mark.slow
@given(EXPRESSIONS | WELL_TYPED)
@settings(max_examples=5_000)
def test_five_thousand_expressions_written_again_are_the_same(text: str):
    assert_expression_kept(text)


@pytest.mark.parametrize(
    ("written", "again"),
    [
        ("$(a and b) and c", "(a and b) and c"),
        ("$a and (b and c)", "a and (b and c)"),
        ("$((a + b))[0]", "(a + b)[0]"),
        ("$not (a == b)", "not a == b"),
        ("$(not a) == b", "(not a) == b"),
        ("$a == (b == c)", "a == (b == c)"),
        ("$(a or b)['x y'][-1][:b]", "(a or b)['x y'][-1][:b]"),
        ("$a['b'][\"c\"]", "a.b.c"),
        ("$ a . b [ 1 : ]", "a.b[1:]"),
        ("$$a + $b", "a + b"),
        ("$not not a", "not not a"),
        ("$[1, [a, 'it\\'s']] + []", "[1, [a, 'it\\'s']] + []"),
        ("$-1[0]", "-1[0]"),
    ],
)
def test_an_expression_keeps_no_brackets_that_it_does_not_need(written: str, again: str):
    value = parse_expression(written).value
    assert expression(value) == again
    assert same(parse_expression(f"${again}").value, value)


def assert_text_kept(text: str) -> None:
    start = int(text.startswith("$$"))
    parsed = parse_template(text, start)
    assume(not parsed.problems and (start or not text.startswith("$")))
    again = template(parsed.value)
    assert same(parse_template(again, int(again.startswith("$$"))).value, parsed.value)


@given(TEMPLATES)
@settings(max_examples=300)
def test_text_written_again_is_the_same(text: str):
    assert_text_kept(text)


@pytest.mark.slow
@given(TEMPLATES)
@settings(max_examples=5_000)
def test_five_thousand_texts_written_again_are_the_same(text: str):
    assert_text_kept(text)


def content(part: Any) -> Any:
    """Return all that a document says, without where it says it."""
    if isinstance(part, Origin):
        return None
    if isinstance(part, Flow):
        return part
    if is_dataclass(part):
        kept = (field.name for field in fields(part) if field.name != "version")
        return (type(part).__name__, *(content(getattr(part, name)) for name in kept))
    if isinstance(part, dict):
        return {key: content(part[key]) for key in part}
    if isinstance(part, list | tuple):
        return [content(each) for each in part]
    return part


def written_again(document: Document, vocabulary: Vocabulary) -> dict[str, tuple[Media, str]]:
    """Return the page of `document` in each way that one may be written."""
    data = page(document, vocabulary)
    return {
        "block": ("yaml", as_yaml(data, block=True)),
        "flow": ("yaml", as_yaml(data, block=False)),
        "json": ("json", json.dumps(data, ensure_ascii=False)),
        "ascii": ("json", json.dumps(data, indent=1)),
    }


def assert_kept(document: Document, vocabulary: Vocabulary) -> None:
    for media, text in written_again(document, vocabulary).values():
        again = load(Source("again", text.encode(), media), vocabulary)
        assert same(content(again), content(document)), text


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_an_accepted_document_written_again_is_the_same(
    path: Path, vocabulary: Vocabulary, module_vocabulary: Vocabulary
):
    force = in_force(path, vocabulary, module_vocabulary)
    assert_kept(load(source_of(path), force), force)


def assert_data_kept(data: dict[str, Any], vocabulary: Vocabulary) -> None:
    source = Source("once", json.dumps(data).encode(), "json")
    assert_kept(load(source, vocabulary), vocabulary)


@given(DOCUMENTS)
@settings(max_examples=50)
def test_a_document_written_again_is_the_same(vocabulary: Vocabulary, data: dict[str, Any]):
    assert_data_kept(data, vocabulary)


@pytest.mark.slow
@given(DOCUMENTS)
@settings(max_examples=1_000)
def test_a_thousand_documents_written_again_are_the_same(
    vocabulary: Vocabulary, data: dict[str, Any]
):
    assert_data_kept(data, vocabulary)
