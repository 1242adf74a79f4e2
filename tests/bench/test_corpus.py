"""The documents to ask about and their questions keep the promises of `bench/corpus/README.md`.

These tests read files and nothing else: they know no reader and judge no answers.
"""

import json
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

CORPUS = Path(__file__).parents[2] / "bench" / "corpus"
FOLDERS = ("demo", "tuning", "held_out")
KINDS = {
    "demo": [".html", ".md", ".pdf"],
    "tuning": [".html", ".html", ".md", ".md"],
    "held_out": [".md"],
}
LENGTHS = {
    "demo": range(900, 1351),
    "tuning": range(900, 1301),
    "held_out": range(1200, 1551),
}
QUESTIONS = {"demo": 10, "tuning": 40, "held_out": 10}
NOT_DOCUMENTS = {"README.md", "questions.json"}


class _VisibleText(HTMLParser):
    """Gathers the text of a page; scripts and styles are not text."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def _read_markdown(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _read_html(path: Path) -> str:
    page = _VisibleText()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return "".join(page.pieces)


def _read_pdf(path: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


READ: dict[str, Callable[[Path], str]] = {
    ".md": _read_markdown,
    ".html": _read_html,
    ".pdf": _read_pdf,
}


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _documents(folder: str) -> dict[str, str]:
    paths = (path for path in (CORPUS / folder).iterdir() if path.name not in NOT_DOCUMENTS)
    return {path.name: _folded(READ[path.suffix](path)) for path in paths}


def _questions(folder: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(
        (CORPUS / folder / "questions.json").read_text(encoding="utf-8")
    )
    return loaded


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_holds_documents_of_the_promised_kinds_and_lengths(folder: str) -> None:
    documents = _documents(folder)
    assert sorted(Path(name).suffix for name in documents) == KINDS[folder]
    for name, text in documents.items():
        assert len(text.split()) in LENGTHS[folder], name


def test_the_report_is_a_pdf_of_two_or_three_pages() -> None:
    path = CORPUS / "demo" / "voyager-report.pdf"
    assert path.read_bytes().startswith(b"%PDF-")
    assert len(PdfReader(path).pages) in {2, 3}


def test_the_web_page_carries_a_title_a_table_and_the_noise_of_a_site() -> None:
    page = (CORPUS / "demo" / "lighthouses.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    for tag in ("<title>", "<nav", "<main>", "<table>", "<footer>"):
        assert tag in page


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_question_file_holds_as_many_well_formed_questions_as_promised(folder: str) -> None:
    questions = _questions(folder)
    assert len(questions) == QUESTIONS[folder]
    for asked in questions:
        assert set(asked) == {"question", "answer", "document"}
        assert asked["question"].endswith("?")
        assert asked["answer"]
        assert all(isinstance(answer, str) and _folded(answer) for answer in asked["answer"])


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_document_is_asked_about(folder: str) -> None:
    assert {asked["document"] for asked in _questions(folder)} == set(_documents(folder))


def test_each_tuning_document_is_asked_about_ten_times() -> None:
    asked = Counter(each["document"] for each in _questions("tuning"))
    assert set(asked.values()) == {10}


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_answer_occurs_once_in_its_own_document_and_in_no_other(folder: str) -> None:
    documents = _documents(folder)
    for asked in _questions(folder):
        for answer in asked["answer"]:
            places = {name: text.count(_folded(answer)) for name, text in documents.items()}
            found = {name: count for name, count in places.items() if count}
            assert found == {asked["document"]: 1}, answer


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_question_does_not_give_its_own_answer_away(folder: str) -> None:
    for asked in _questions(folder):
        question = _folded(asked["question"])
        assert not [answer for answer in asked["answer"] if _folded(answer) in question]


def test_no_question_and_no_answer_is_asked_for_twice() -> None:
    asked = [each for folder in FOLDERS for each in _questions(folder)]
    questions = [_folded(each["question"]) for each in asked]
    answers = [_folded(answer) for each in asked for answer in each["answer"]]
    assert len(set(questions)) == len(questions)
    assert len(set(answers)) == len(answers)


def test_the_held_out_document_says_that_nothing_is_tuned_on_it() -> None:
    notice = (CORPUS / "held_out" / "README.md").read_text(encoding="utf-8")
    assert len(notice.splitlines()) == 1
    assert "never tuned on" in notice
    assert "make demo-quality" in notice
