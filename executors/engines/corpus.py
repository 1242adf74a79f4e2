"""Web search over a folder: the operator's own pages in the place of the web.

It ranks by words (BM25) and never leaves its folder: links that lead out of it are not followed.
"""

import asyncio
import math
import os
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from executors.engines.engine import (
    Batch,
    Done,
    Emission,
    EngineFailed,
    EngineTraits,
    Fault,
)
from executors.engines.reading.words import words
from executors.engines.web_request import read_search
from executors.ranking import best_first

SUFFIXES = frozenset({".txt", ".md", ".markdown", ".html", ".htm"})
FILES_MAX = 20_000
FILE_BYTES_MAX = 2 << 20
SNIPPET_CHARS_MAX = 600
# The usual constants of BM25.
_SATURATION, _LENGTH_WEIGHT = 1.2, 0.75

TRAITS = EngineTraits(
    name="corpus",
    model="a folder of pages, ranked by words (BM25)",
    kind="web",
    ops=frozenset({"web_search"}),
    slots=4,
    batch_rows_max=1,
    streams=False,
    deterministic=True,
    batch_invariant=True,
)

_MARKDOWN_TITLE = re.compile(r"^\s{0,3}#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n\s*\n")


class Corpus:
    """One replica. The folder is read when it starts: what changes later is not seen."""

    traits = TRAITS

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pages: _Pages | None = None

    async def start(self) -> None:
        """Read the folder; a second call changes nothing. Raise `EngineFailed` if it is none."""
        if self._pages is None:
            self._pages = await asyncio.to_thread(_read, self._folder)

    async def stop(self) -> None:
        """Forget the pages."""
        self._pages = None

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Search for each request in turn, off the event loop."""
        pages = self._pages
        if pages is None:
            raise EngineFailed("engine-not-started", "the folder has not been read.", "Start it.")
        for request in batch.requests:
            asked = read_search(request)
            if isinstance(asked, Fault):
                yield asked
            else:
                docs = await asyncio.to_thread(pages.search, asked.query, asked.top_k)
                yield Done(request.id, {"docs": docs})


@dataclass(frozen=True, slots=True)
class _Page:
    url: str
    source: str
    title: str
    text: str
    counts: Counter[str]
    length: int


class _Pages:
    """Every page of the folder, and how many of them hold each word."""

    def __init__(self, pages: list[_Page]) -> None:
        self._pages = pages
        self._holding = Counter(word for page in pages for word in page.counts)
        self._length = sum(page.length for page in pages) / max(1, len(pages)) or 1.0

    def search(self, query: str, top_k: int) -> list[dict[str, Any]]:
        """Return the pages that hold a word of `query`, best first, each by its best passage."""
        asked = frozenset(words(query))
        found = [(page, score) for page in self._pages if (score := self._score(asked, page))]
        docs = [
            {
                "id": page.url,
                "url": page.url,
                "title": page.title,
                "source": page.source,
                "meta": {},
            }
            for page, _ in found
        ]
        best = best_first(docs, [score for _, score in found], top_k)
        pages = {page.url: page for page, _ in found}
        return [{**doc, "text": _snippet(asked, pages[doc["id"]].text)} for doc in best]

    def _score(self, asked: frozenset[str], page: _Page) -> float:
        return math.fsum(self._weight(word, page) for word in asked if word in page.counts)

    def _weight(self, word: str, page: _Page) -> float:
        holding, count = self._holding[word], page.counts[word]
        rarity = math.log(1 + (len(self._pages) - holding + 0.5) / (holding + 0.5))
        length = 1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * page.length / self._length
        return rarity * count * (_SATURATION + 1) / (count + _SATURATION * length)


def _read(folder: Path) -> _Pages:
    if not folder.is_dir():
        raise EngineFailed(
            "engine-unavailable",
            f"{folder} is no folder.",
            "Set TEOLA_CORPUS, or `folder` of the pool, to one with pages.",
        )
    root = folder.resolve()
    return _Pages([page for file in _files(root) if (page := _page(root, file)) is not None])


def _files(root: Path) -> Iterator[Path]:
    """Yield the files below `root` in the order of their names; no link is followed."""
    left = FILES_MAX
    for folder, folders, names in os.walk(root, followlinks=False):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix.lower() in SUFFIXES and file.is_file() and not file.is_symlink():
                if left == 0:
                    return
                left -= 1
                yield file


def _page(root: Path, file: Path) -> _Page | None:
    try:
        with file.open("rb") as opened:
            text = opened.read(FILE_BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        return None  # not ours to read
    source = file.relative_to(root).as_posix()
    title, text = _plain(text, file)
    counts = Counter(words(f"{title}\n{text}"))
    return _Page(f"file:{quote(source)}", source, title, text, counts, counts.total())


def _plain(text: str, file: Path) -> tuple[str, str]:
    """Return the title of a page, which is its name where it has none, and what it says."""
    if file.suffix.lower() in (".html", ".htm"):
        reader = _Html()
        reader.feed(text)
        reader.close()
        return reader.title.strip() or file.stem, "".join(reader.text).strip()
    heading = _MARKDOWN_TITLE.search(text)
    return (heading[1] if heading else file.stem), text.strip()


class _Html(HTMLParser):
    """Keeps the text of a page, blocks apart, without what is not shown."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.text: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # theirs
        if tag in ("script", "style", "title", "template"):
            self._inside.append(tag)
        elif tag in ("p", "div", "li", "tr", "br", "h1", "h2", "h3", "h4", "section", "article"):
            self.text.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.text.append(data)
        elif self._inside[-1] == "title":
            self.title += data


def _snippet(asked: frozenset[str], text: str) -> str:
    """Return the paragraph that holds most of the words, with what follows it, cut short."""
    paragraphs = [" ".join(part.split()) for part in _PARAGRAPH.split(text) if part.strip()]
    if not paragraphs:
        return ""
    shares = [len(asked.intersection(words(paragraph))) for paragraph in paragraphs]
    best = shares.index(max(shares))
    return " ".join(paragraphs[best:])[:SNIPPET_CHARS_MAX].rstrip()
