"""The only way in: from bytes to a checked document, or to every problem it has."""

import gc
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

from spec.check import check
from spec.json_reader import read_json
from spec.limits import Limits
from spec.model import Document
from spec.problems import SpecError
from spec.report import Report
from spec.source import Source, Tree
from spec.tree_builder import TreeBuilder
from spec.values import JSON
from spec.vocabulary import Vocabulary
from spec.yaml_reader import read_yaml


def load(source: Source, vocabulary: Vocabulary) -> Document:
    """Return the workflow or module that `source` says, checked against what exists.

    Raises `SpecError` with all problems at once.
    """
    with collection_put_off():
        return _load(source, vocabulary)


def read(source: Source, limits: Limits | None = None) -> Tree:
    """Return the plain data of any other YAML or JSON text, with positions.

    Raises `SpecError` with all problems at once.
    """
    with collection_put_off():
        tree, builder = _read(source, limits or Limits())
    if builder.problems:
        raise SpecError(builder.problems, source.name)
    return tree


def content_hash(value: JSON) -> str:
    """Return the hash that two texts share when they say the same. Key order counts."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def collection_put_off() -> Iterator[None]:
    """Put off the search for cyclic garbage: a tree has none, and a fifth of the time goes there.

    What may wait for it is bounded by the limits of a page. The switch is the whole process's, and
    pages are read in several threads. Who finds it on turns it off, and on again in the end; who
    finds it off leaves it alone. So in whatever order they act, the last to act turns on what was
    on, and what was off stays off.
    """
    was_on = gc.isenabled()
    if was_on:
        gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _load(source: Source, vocabulary: Vocabulary) -> Document:
    """Load a page; all that it takes beside the document is gone when this returns."""
    tree, builder = _read(source, Limits())
    report = Report(tree, builder.problems)
    document = check(report, vocabulary, content_hash(tree.value))
    if document is None:
        raise SpecError(report.problems, source.name)
    return document


def _read(source: Source, limits: Limits) -> tuple[Tree, TreeBuilder]:
    return read_yaml(source, limits) if source.media == "yaml" else read_json(source, limits)
