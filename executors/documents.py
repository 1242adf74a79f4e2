"""Documents: the text of a file, and texts cut into chunks.

The one file that knows `llama_index` and its readers. Everything here blocks and may be called
from any thread; callers keep it off the event loop. Nothing is remembered between calls.
"""

import codecs
import hashlib
import importlib
import io
import json
import logging
import lzma
import struct
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any
from xml.etree.ElementTree import ParseError

from executors.errors import NoText
from executors.page import Page

TEXT_BYTES_MAX = 8 * 2**20
XML_BYTES_MAX = 32 * 2**20
PIECE_BYTES = 2**16
OLE_MAGIC = b"\xd0\xcf\x11\xe0"
CURE_EXTRA = "Install the extra `embedded` (`make setup` does)."

Doc = dict[str, Any]
Tokenize = Callable[[str], list[int]]

# Importing for the first time from two threads at once can show one of them half a package.
_FIRST_IMPORT = threading.Lock()


class Unreadable(Exception):
    """A document gives no text. `code` is a problem type; `cure` says what its owner can do."""

    def __init__(self, code: str, detail: str, cure: str) -> None:
        super().__init__(f"{detail} {cure}")
        self.code = code
        self.detail = detail
        self.cure = cure


def read(data: bytes, name: str, media_type: str, text_bytes_max: int = TEXT_BYTES_MAX) -> str:
    """Return the text of a txt, md, html, pdf or docx file, or raise `Unreadable`.

    The suffix of `name` and `media_type` decide what it is and must not contradict each other;
    one that is missing, or `application/octet-stream`, says nothing.
    """
    suffix = kind_of(name, media_type)
    if not data.strip():
        raise Unreadable("empty-document", f"{name} holds nothing.", "Upload a file with content.")
    text = _READERS[suffix](data, name)
    text = text.encode(errors="replace").decode().replace("\r\n", "\n").replace("\0", "")
    if not text.strip():
        cure = "A scan has no text in it: run text recognition (OCR) on it first."
        raise Unreadable("empty-document", f"{name} holds no text.", cure)
    _within(len(text.encode()), text_bytes_max, name)
    return text


def load_readers() -> None:
    """Load what reading needs, which takes a moment. Raise `Unreadable` where it is missing."""
    _foreign("flat")
    _foreign("docs")


def kind_of(name: str, media_type: str) -> str:
    """Return the suffix whose reader reads this file, or raise `Unreadable`."""
    suffix = PurePath(name).suffix.lower()
    declared = media_type.partition(";")[0].strip().lower()
    if declared == "application/octet-stream":
        declared = ""
    if not suffix:
        suffix = next((known for known, types in _MEDIA_TYPES.items() if declared in types), "")
    if suffix not in _MEDIA_TYPES:
        detail = f"{name} ({declared or 'of unknown type'}) is of no type that can be read."
        cure = f"Send one of {', '.join(_MEDIA_TYPES)}."
        raise Unreadable("unsupported-media-type", detail, cure)
    if declared and declared not in _MEDIA_TYPES[suffix]:
        detail = f"{name} is declared to be {declared}, which its suffix contradicts."
        cure = f"Declare it as {' or '.join(_MEDIA_TYPES[suffix])}."
        raise Unreadable("unsupported-media-type", detail, cure)
    return suffix


def split(texts: Any, size: int, overlap: int, tokenize: Tokenize) -> list[Doc]:
    """Cut a string, file, doc or list of these into docs of at most `size` tokens, in order.

    A text that fits is one chunk, unchanged; a blank one gives none. Raise `ValueError` unless
    0 <= overlap < size, `NoText` for what is not a text. Equal arguments give equal chunks.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"overlap ({overlap}) must be at least 0 and below size ({size}).")
    cut = _cutter(size, overlap, tokenize)
    chunks: list[Doc] = []
    for item in texts if isinstance(texts, list) else [texts]:
        text, about = _text_of(item)
        chunks += [_chunk(piece, at, about) for at, piece in enumerate(cut(text))]
    return chunks


def _cutter(size: int, overlap: int, tokenize: Tokenize) -> Callable[[str], list[str]]:
    splitters: list[Any] = []

    def count(text: str) -> list[int]:
        # A character is never cut, however many tokens it is, so it must always fit.
        return tokenize(text) if len(text) > 1 else tokenize(text)[:1]

    def cut(text: str) -> list[str]:
        if not text.strip():
            return []
        if len(tokenize(text)) <= size:
            return [text]
        if not splitters:
            splitters.append(_splitter(size, overlap, count))
        pieces: list[str] = splitters[0].split_text(text)
        return pieces

    return cut


def _splitter(size: int, overlap: int, tokenize: Tokenize) -> Any:
    with _FIRST_IMPORT:
        try:
            from llama_index.core.node_parser import SentenceSplitter
        except ImportError as error:
            raise _missing(error) from error
        # Making one loads the sentence rules, which must not happen twice at once either.
        return SentenceSplitter(chunk_size=size, chunk_overlap=overlap, tokenizer=tokenize)


def _text_of(item: Any) -> tuple[str, Doc]:
    """Return the text, and what a chunk of it says about where it comes from."""
    if isinstance(item, str):
        return item, {"meta": {}}
    if not isinstance(item, Mapping) or not isinstance(item.get("text"), str):
        raise NoText("this has no `text` that is a string")
    if not isinstance(item.get("meta") or {}, Mapping):
        raise NoText("the `meta` of this is no object")
    if "name" in item:
        meta = {"file": item["id"]} if item.get("id") is not None else {}
        return item["text"], {"source": item["name"], "meta": meta}
    kept = {key: item[key] for key in ("source", "title", "url") if item.get(key) is not None}
    return item["text"], {**kept, "parent": item.get("id"), "meta": dict(item.get("meta") or {})}


def _chunk(text: str, position: int, about: Doc) -> Doc:
    source = about.get("source") or about.get("url")
    identity = json.dumps([source, position, text]).encode()
    chunk = {"id": hashlib.sha256(identity).hexdigest()[:32], "text": text, "position": position}
    return {**chunk, **{key: value for key, value in about.items() if value is not None}}


def _read_text(data: bytes, name: str) -> str:
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        binary = "\0" in data.decode()
    except UnicodeDecodeError as error:
        raise _corrupt(name, "it is not UTF-8 text") from error
    if binary:
        raise _corrupt(name, "it holds binary data")
    return _loaded("flat", "FlatReader", data, name)


def _read_html(data: bytes, name: str) -> str:
    text = _read_text(data, name)
    page = Page()
    try:
        page.feed(text)
        page.close()
    except (AssertionError, ValueError) as error:  # what the parser makes of some declarations
        raise _corrupt(name, str(error)) from error
    return page.text()


def _read_pdf(data: bytes, name: str) -> str:
    if b"%PDF-" not in data[:1024] or b"%%EOF" not in data:
        raise _corrupt(name, "its beginning or its end is missing")
    return _loaded("docs", "PDFReader", data, name, return_full_document=True).strip()


def _read_docx(data: bytes, name: str) -> str:
    if data.startswith(OLE_MAGIC) and "EncryptedPackage".encode("utf-16-le") in data:
        raise _encrypted(name)
    try:
        _weigh_docx(data, name)
    except _DAMAGE as error:
        raise _corrupt(name, f"it cannot be unpacked: {error}") from error
    return _loaded("docs", "DocxReader", data, name)


def _weigh_docx(data: bytes, name: str) -> None:
    """Unpack piece by piece what the reader will unpack whole."""
    unpacked = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in archive.namelist():
            if not part.startswith(("word/document.xml", "word/header", "word/footer")):
                continue
            if archive.getinfo(part).flag_bits & 1:
                raise _encrypted(name)
            with archive.open(part) as stream:
                while piece := stream.read(PIECE_BYTES):
                    unpacked += len(piece)
                    _within(unpacked, XML_BYTES_MAX, name)


def _loaded(module: str, reader: str, data: bytes, name: str, **options: Any) -> str:
    """Return what a llama-index reader finds in `data`, which it wants to be a file."""
    foreign = _foreign(module)
    with tempfile.TemporaryDirectory(prefix="teola-") as folder:
        path = Path(folder) / "document"
        path.write_bytes(data)
        try:
            documents = getattr(foreign, reader)(**options).load_data(path)
        except _DAMAGE as error:
            raise _corrupt(name, str(error)) from error
        except _retry_error() as error:
            raise _pdf_problem(name, error.last_attempt.exception()) from error
    return "\n".join(document.text for document in documents)


def _foreign(module: str) -> Any:
    with _FIRST_IMPORT:
        try:
            found = importlib.import_module(f"llama_index.readers.file.{module}")
        except ImportError as error:
            raise _missing(error) from error
    # It tells of every oddity of every PDF; what matters to us comes as an exception.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    return found


def _retry_error() -> Any:
    from tenacity import RetryError

    return RetryError


def _pdf_problem(name: str, cause: BaseException | None) -> Unreadable:
    from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

    # Strong encryption needs a library even where the password is empty.
    if isinstance(cause, FileNotDecryptedError | DependencyError):
        return _encrypted(name)
    if isinstance(cause, LimitReachedError | MemoryError):
        return _too_large(name)
    return _corrupt(name, str(cause))


def _within(size: int, limit: int, name: str) -> None:
    if size > limit:
        raise _too_large(name)


def _too_large(name: str) -> Unreadable:
    return Unreadable("too-large", f"{name} holds too much text.", "Send it in several files.")


def _encrypted(name: str) -> Unreadable:
    return Unreadable("encrypted-document", f"{name} is encrypted.", "Send it without a password.")


def _corrupt(name: str, why: str) -> Unreadable:
    cure = "Open it where it was made and export it again."
    return Unreadable("corrupt-document", f"{name} is damaged: {why}.", cure)


def _missing(error: ImportError) -> Unreadable:
    return Unreadable("engine-unavailable", f"Documents cannot be read: {error}.", CURE_EXTRA)


# All that the unpacking of a damaged file is known to raise.
_DAMAGE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    ParseError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)

_MARKDOWN = ("text/markdown", "text/x-markdown", "text/plain")
_HTML = ("text/html", "application/xhtml+xml")
_WORD = ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",)

# The first suffix that lists a media type is what a file without a suffix is taken for.
_MEDIA_TYPES: Mapping[str, tuple[str, ...]] = {
    ".txt": ("text/plain",),
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".pdf": ("application/pdf",),
    ".docx": _WORD,
}

# Markdown is read as it stands: the reader made for it moves headings and joins sections.
_READERS: Mapping[str, Callable[[bytes, str], str]] = {
    ".txt": _read_text,
    ".md": _read_text,
    ".markdown": _read_text,
    ".html": _read_html,
    ".htm": _read_html,
    ".pdf": _read_pdf,
    ".docx": _read_docx,
}
