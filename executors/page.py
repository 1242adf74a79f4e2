"""The readable text of an HTML page: what a person sees, a block to a paragraph.

It reads in one pass and keeps no tree, so that depth and size of a page cost nothing extra. The
reader that llama-index has for HTML gives one tag's text, scripts included, headings run together.
"""

import re
from html.parser import HTMLParser

UNSEEN = frozenset({"script", "style", "noscript", "template", "svg", "title"})
PARAGRAPHS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "details", "div", "dl", "fieldset"),
        *("figure", "figcaption", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul"),
    }
)
LINES = frozenset({"br", "dd", "dt", "li", "option", "tr", "caption"})
CELLS = frozenset({"td", "th"})


class Page(HTMLParser):
    """Feed it a page, close it, then ask for `text`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._unseen = 0
        self._verbatim = 0

    def text(self) -> str:
        """Return blocks separated by an empty line, rows and items by a line break."""
        lines = (line.rstrip() for line in "".join(self._pieces).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, or hide what follows."""
        del attrs
        self._unseen += tag in UNSEEN
        self._verbatim += tag == "pre"
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        """End a block, or show again what follows."""
        self._unseen = max(0, self._unseen - (tag in UNSEEN))
        self._verbatim = max(0, self._verbatim - (tag == "pre"))
        self._break(tag)

    def handle_data(self, data: str) -> None:
        """Take text, its white space as a browser shows it."""
        if self._unseen:
            return
        if not self._verbatim:
            data = re.sub(r"\s+", " ", data)
            data = data.lstrip() if self._at_line_start() else data
        if data:
            self._pieces.append(data)

    def _break(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self._pieces.append("\n\n")
        elif tag in LINES:
            self._pieces.append("\n")
        elif tag in CELLS and self._pieces and not self._pieces[-1][-1].isspace():
            self._pieces.append(" ")

    def _at_line_start(self) -> bool:
        return not self._pieces or self._pieces[-1].endswith("\n")
