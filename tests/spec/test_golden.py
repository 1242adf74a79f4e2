"""Whole documents: the accepted load, and the rejected show exactly the page beside them."""

from pathlib import Path

import pytest

from spec.codes import CODES
from spec.load import load
from spec.problems import SpecError
from spec.source import Media, Source
from spec.vocabulary import Vocabulary

GOLDEN = Path(__file__).parent / "golden"
MEDIA: dict[str, Media] = {".yaml": "yaml", ".json": "json"}


def pages(folder: str) -> list[Path]:
    return sorted(path for path in (GOLDEN / folder).iterdir() if path.suffix in MEDIA)


ACCEPTED = pages("accepted")
REJECTED = pages("rejected")


def source_of(path: Path) -> Source:
    return Source(path.name, path.read_bytes(), MEDIA[path.suffix])


def in_force(path: Path, workflows: Vocabulary, modules: Vocabulary) -> Vocabulary:
    """Return the vocabulary for what stands first on a page, a module or a workflow."""
    return modules if path.read_text("utf-8").startswith("module:") else workflows


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_an_accepted_document_loads(
    path: Path, vocabulary: Vocabulary, module_vocabulary: Vocabulary
):
    document = load(source_of(path), in_force(path, vocabulary, module_vocabulary))
    assert document.steps


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_a_rejected_document_shows_its_page(
    path: Path, vocabulary: Vocabulary, module_vocabulary: Vocabulary
):
    with pytest.raises(SpecError) as refused:
        load(source_of(path), in_force(path, vocabulary, module_vocabulary))
    assert f"{refused.value}\n" == path.with_suffix(".txt").read_text("utf-8")


def test_every_code_has_a_page():
    shown = "".join(path.with_suffix(".txt").read_text("utf-8") for path in REJECTED)
    assert not {code for code in CODES if f": {code}: " not in shown}
