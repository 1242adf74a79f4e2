"""Documents are read in processes that can be ended, and another takes the next one."""

import asyncio
import zlib

import pytest

from executors.documents import Unreadable
from executors.reader import Reader
from tests.executors.test_documents import a_docx, a_pdf

GIGABYTE = 2**30
PAGE = "<h1>Title</h1>body"


def an_endless_pdf() -> bytes:
    """A few kilobytes that show one page of millions of words a thousand times."""
    words = zlib.compress(b"BT /F1 12 Tf (Hello world) Tj ET " * 100_000)
    pages = b" ".join([b"3 0 R"] * 1_000)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count 1000 >>" % pages,
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(words), words),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    written, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 6\n0000000000 65535 f \n%s" % table
    return b"%s%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        written, head, len(written),
    )  # fmt: skip


async def refusal(reader: Reader, data: bytes, name: str) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        await reader.read(data, name, "")
    return caught.value


def test_documents_are_read_one_after_another_and_side_by_side():
    async def scenario() -> None:
        reader = Reader(60, 2 * GIGABYTE, processes_max=2)
        files = [(PAGE.encode(), "a.html"), (a_pdf("One line."), "a.pdf")]
        files += [(a_docx("Text"), "a.docx"), (b"plain", "a.txt")] * 3
        texts = await asyncio.gather(*(reader.read(data, name, "") for data, name in files))
        assert texts == ["Title\n\nbody", "One line.", *["Text", "plain"] * 3]
        assert (await refusal(reader, b"%PDF-1.4 %%EOF", "a.pdf")).code == "corrupt-document"
        await reader.stop()

    asyncio.run(scenario())


def test_a_document_that_takes_too_long_is_given_up_and_the_next_one_is_read():
    async def scenario() -> None:
        reader = Reader(3, 2 * GIGABYTE, processes_max=1)
        error = await refusal(reader, an_endless_pdf(), "a.pdf")
        assert (error.code, "read_s_max" in error.detail) == ("too-large", True)
        assert await reader.read(PAGE.encode(), "a.html", "") == "Title\n\nbody"
        await reader.stop()

    asyncio.run(scenario())


def test_a_document_that_takes_too_much_memory_is_given_up_and_the_next_one_is_read():
    async def scenario() -> None:
        reader = Reader(60, GIGABYTE // 2, processes_max=1)
        error = await refusal(reader, b"<p>" * (60 << 20), "a.html")
        assert (error.code, "memory" in error.detail) == ("too-large", True)
        assert await reader.read(PAGE.encode(), "a.html", "") == "Title\n\nbody"
        await reader.stop()

    asyncio.run(scenario())


def test_a_reading_that_is_cancelled_takes_its_process_with_it():
    async def scenario() -> None:
        reader = Reader(60, 2 * GIGABYTE, processes_max=1)
        reading = asyncio.create_task(reader.read(an_endless_pdf(), "a.pdf", ""))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert await reader.read(PAGE.encode(), "a.html", "") == "Title\n\nbody"
        await reader.stop()

    asyncio.run(scenario())
