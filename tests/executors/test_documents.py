"""Documents, with real files of every kind."""

import io
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from executors.documents import Unreadable, read, split
from executors.engines.minilm import Tokenizer
from executors.errors import NoText

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def a_pdf(*lines: str) -> bytes:
    shown = " ".join(f"({line}) Tj 0 -20 Td" for line in lines)
    content = f"BT /F1 12 Tf 50 700 Td {shown} ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    written, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(written))
        written += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(written)}\n%%EOF\n"
    return f"{written}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


def encrypted(pdf: bytes, password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def a_docx(*paragraphs: str, part: str = "word/document.xml") -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        document = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
        archive.writestr(part, document)
    return written.getvalue()


def packed_and_broken(method: int) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        archive.writestr("word/document.xml", "<a>text</a>" * 20)
    data = bytearray(written.getvalue())
    start = data.index(b"word/document.xml") + len("word/document.xml") + 10
    data[start : start + 8] = b"\xff" * 8
    return bytes(data)


def code_of(data: bytes, name: str, media_type: str = "", **limits: int) -> str:
    with pytest.raises(Unreadable) as caught:
        read(data, name, media_type, **limits)
    assert caught.value.detail
    assert caught.value.cure
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "name", "media_type", "text"),
    [
        (b"plain\r\nwords", "a.txt", "text/plain", "plain\nwords"),
        ("\ufeffcafé".encode(), "a.TXT", "text/plain; charset=utf-8", "café"),
        (b"# Title\n\nBody [1] (2).", "a.md", "text/markdown", "# Title\n\nBody [1] (2)."),
        (b"# Title", "a.markdown", "application/octet-stream", "# Title"),
        (b"<h1>Title</h1>body", "a.html", "text/html", "Title\n\nbody"),
        (a_pdf("First line.", "Second line."), "a.pdf", "", "First line.\nSecond line."),
        (encrypted(a_pdf("No password."), ""), "a.pdf", "application/pdf", "No password."),
        (a_docx("Title", "Body &amp; soul"), "a.docx", WORD, "Title\n\nBody & soul"),
        (b"words", "README", "text/plain", "words"),
    ],
)
def test_the_text_of_each_kind_is_read(data, name, media_type, text):
    assert read(data, name, media_type) == text


def test_a_page_is_read_as_a_person_sees_it():
    page = b"""<!doctype html><html><head><title>Tab</title><style>p {color: red}</style></head>
    <body><div><h1>Rivers <em>of</em>
    Europe</h1>The Danube<br>is long.<script>if (a < b) { alert("no") }</script>
    <ul><li>Rhine<li>Po</ul></div><table><tr><td>Elbe</td><td>1094&nbsp;km</td></tr></table>
    <pre>def f():\n    return 1</pre><p>Caf&eacute; &lt;open&gt;</p></body></html>"""
    assert read(page, "a.html", "text/html").split("\n") == [
        "Rivers of Europe",
        "",
        "The Danube",
        "is long.",
        "",
        "Rhine",
        "Po",
        "",
        "Elbe 1094 km",
        "",
        "def f():",
        "    return 1",
        "",
        "Café <open>",
    ]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.exe", ""),
        ("a.exe", "text/plain"),
        ("a", ""),
        ("a", "image/png"),
        ("a.pdf", "text/html"),
        ("a.txt", "application/pdf"),
        ("a.html", "text/plain"),
    ],
)
def test_unknown_and_contradicting_types_are_refused(name, media_type):
    assert code_of(b"words", name, media_type) == "unsupported-media-type"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "a.txt"),
        (b" \n\t ", "a.md"),
        (b"", "a.pdf"),
        (b"<script>only()</script>", "a.html"),
        (a_pdf(), "a.pdf"),
        (a_docx(), "a.docx"),
    ],
)
def test_a_document_without_text_is_empty(data, name):
    assert code_of(data, name) == "empty-document"


def an_encrypted_docx() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")


def a_locked_zip() -> bytes:
    data = bytearray(a_docx("secret"))
    for magic, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = -1
        while (at := data.find(magic, at + 1)) >= 0:
            data[at + flags] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (encrypted(a_pdf("secret"), "word"), "a.pdf"),
        (an_encrypted_docx(), "a.docx"),
        (a_locked_zip(), "a.docx"),
    ],
)
def test_an_encrypted_document_is_called_so(data, name):
    assert code_of(data, name) == "encrypted-document"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (a_pdf("text")[:-40], "a.pdf"),
        (a_pdf("text")[:300], "a.pdf"),
        (b"%PDF-1.4 nothing of a PDF %%EOF", "a.pdf"),
        (b"no pdf", "a.pdf"),
        (a_docx("text")[:-40], "a.docx"),
        (packed_and_broken(zipfile.ZIP_LZMA), "a.docx"),
        (packed_and_broken(zipfile.ZIP_BZIP2), "a.docx"),
        (b"text <![odd[ declaration ]]>", "a.html"),
        (b"text &#" + b"9" * 5_000 + b";", "a.html"),
        (b"PK no zip", "a.docx"),
        (a_docx("text", part="other.xml"), "a.docx"),
        (a_docx("text <unclosed>"), "a.docx"),
        (b"\xff\xfe\x00caf\xe9", "a.txt"),
        (b"bin\0ary", "a.md"),
    ],
)
def test_a_damaged_document_is_corrupt(data, name):
    assert code_of(data, name) == "corrupt-document"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"more than ten", "a.txt"),
        (a_pdf("more than ten"), "a.pdf"),
        (a_docx("more than ten"), "a.docx"),
    ],
)
def test_more_text_than_the_limit_is_refused(data, name):
    assert code_of(data, name, text_bytes_max=10) == "too-large"


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused():
    bomb = a_docx(" " * 40 * 2**20)
    assert len(bomb) < 2**17
    assert code_of(bomb, "a.docx") == "too-large"


def test_reading_leaves_no_file_behind_and_says_nothing(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    read(a_pdf("text"), "a.pdf", "")
    code_of(b"%PDF-1.4 damaged %%EOF", "a.pdf")
    code_of(a_docx("text <unclosed>"), "a.docx")
    assert list(Path(tmp_path).iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_files_are_read_in_many_threads_at_once():
    files = [(a_pdf(f"Page {at}."), "a.pdf", "") for at in range(8)]
    files += [(a_docx(f"Page {at}."), "a.docx", "") for at in range(8, 16)]
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda file: read(*file), files))
    assert texts == [f"Page {at}." for at in range(16)]


LONG = " ".join(f"Sentence number {at} says something of note, if little." for at in range(60))


@pytest.fixture(scope="module")
def tokenize():
    return Tokenizer().tokenize


def test_a_text_that_fits_is_one_chunk_unchanged_and_a_blank_one_gives_none(tokenize):
    (chunk,) = split("  two words \n", 512, 0, tokenize)
    assert chunk["text"] == "  two words \n"
    assert split(["", " \n "], 512, 0, tokenize) == []
    assert split([], 512, 0, tokenize) == []


def test_chunks_are_in_reading_order_within_the_size_and_whole_sentences(tokenize):
    chunks = split(LONG, 40, 0, tokenize)
    assert " ".join(chunk["text"] for chunk in chunks) == LONG
    assert [chunk["position"] for chunk in chunks] == list(range(len(chunks)))
    assert all(0 < len(tokenize(chunk["text"])) <= 40 for chunk in chunks)
    assert all(chunk["text"].endswith(".") for chunk in chunks)


def test_overlap_repeats_the_end_of_the_chunk_before(tokenize):
    first, second, *_ = split(LONG, 40, 15, tokenize)
    assert first["text"].rpartition("Sentence")[2].strip() in second["text"]


def test_chunks_say_where_they_come_from(tokenize):
    file = {"id": "f1", "name": "a.txt", "media_type": "text/plain", "size": 4, "text": "from file"}
    doc = {"id": "d1", "text": "from doc", "source": "s", "title": "T", "meta": {"year": 1}}
    web = {"id": "w1", "text": "from web", "url": "https://example.org", "score": 0.5, "meta": {}}
    plain, of_file, of_doc, of_web = split(["from text", file, doc, web], 512, 0, tokenize)
    assert plain.keys() == {"id", "text", "position", "meta"}
    assert (of_file["source"], of_file["meta"]) == ("a.txt", {"file": "f1"})
    assert (of_doc["source"], of_doc["parent"], of_doc["title"]) == ("s", "d1", "T")
    assert of_doc["meta"] == {"year": 1}
    assert (of_web["url"], of_web["parent"]) == ("https://example.org", "w1")
    assert "score" not in of_web
    assert [chunk["position"] for chunk in (plain, of_file, of_doc, of_web)] == [0, 0, 0, 0]


def test_the_id_tells_source_position_and_text_apart_and_nothing_else(tokenize):
    def ids(name: str, text: str, id: str = "f1") -> list[str]:
        return [
            chunk["id"] for chunk in split({"id": id, "name": name, "text": text}, 40, 0, tokenize)
        ]

    assert ids("a.txt", LONG) == ids("a.txt", LONG, id="f2")
    assert not set(ids("a.txt", LONG)) & set(ids("b.txt", LONG))
    repeated = ids("a.txt", "The same sentence again and again, once more. " * 30)
    assert len(repeated) > 3
    assert len(set(repeated)) == len(repeated)


def test_a_character_of_many_tokens_is_never_cut(tokenize):
    chunks = split("한국어 " * 10, 2, 0, tokenize)
    assert "".join(chunk["text"] for chunk in chunks).replace(" ", "") == "한국어" * 10


def test_texts_are_split_in_many_threads_at_once(tokenize):
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: split(LONG, 40, 10, tokenize), range(16)))
    assert all(chunks == found[0] for chunks in found)


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (5, 5), (5, -1)])
def test_an_overlap_outside_the_size_is_refused(tokenize, size, overlap):
    with pytest.raises(ValueError, match="overlap"):
        split("text", size, overlap, tokenize)


def test_what_is_no_text_is_refused(tokenize):
    with pytest.raises(NoText, match="can be chunked"):
        split([{"id": "no text"}], 512, 0, tokenize)
    with pytest.raises(NoText, match="meta"):
        split({"text": "a", "meta": 3}, 512, 0, tokenize)
