"""Pages held against both the checker and the schema for editors."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jsonschema import Draft7Validator

from spec.load import load, read
from spec.model import Document
from spec.problems import SpecError
from spec.source import Source
from spec.vocabulary import Vocabulary


def refused(schema: Mapping[str, Any], data: Any) -> list[str]:
    return [error.message for error in Draft7Validator(schema).iter_errors(data)]


def checked(page: str, vocabulary: Vocabulary) -> Document | None:
    """The document, unless there is something wrong with it."""
    of_workflows = replace(vocabulary, ops={})
    try:
        in_force = vocabulary if page.startswith("module:") else of_workflows
        return load(Source("page", page.encode(), "yaml"), in_force)
    except SpecError:
        return None


def tree(page: str) -> Any:
    return read(Source("page", page.encode(), "yaml")).value


def whole(page: str) -> str:
    for key, usual in (("steps", "{x: {use: text, template: x}}"), ("outputs", "{x: $x}")):
        page += "" if f"\n{key}:" in page else f"\n{key}: {usual}"
    return page


def with_step(step: str) -> str:
    before = "c: {use: chunk, text: x}, i: {use: index, chunks: $c.items}"
    return whole(f"workflow: w\ninputs: {{n: integer}}\nsteps: {{{before}, x: {step}}}")
