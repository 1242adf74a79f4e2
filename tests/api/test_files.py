"""Uploads: real documents in, nothing kept of what cannot be read."""

import io
import zipfile

import httpx
import pytest
from pypdf import PdfWriter

from tests.api.houses import TEXT, client_of, problem_of

pytestmark = pytest.mark.anyio
PDF = {"Content-Type": "application/pdf", "X-File-Name": "paper.pdf"}


def a_pdf(password: str | None = None) -> bytes:
    """Return a PDF with an empty page."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


async def nothing_kept(client: httpx.AsyncClient) -> bool:
    return (await client.get("/v1/files")).json()["items"] == []


async def test_a_file_is_kept_with_its_hash_and_found_again(client):
    answer = await client.post("/v1/files", content=b"Some words.", headers=TEXT)
    file = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/files/{file['id']}"
    assert (file["name"], file["media_type"]) == ("note.txt", "text/plain")
    assert (file["size"], file["characters"], len(file["sha256"])) == (11, 11, 64)
    assert (await client.get(f"/v1/files/{file['id']}")).json() == file


async def test_the_same_content_is_one_file(client):
    first = await client.post("/v1/files", content=b"Some words.", headers=TEXT)
    again = await client.post(
        "/v1/files", content=b"Some words.", headers=TEXT | {"X-File-Name": "other.txt"}
    )
    assert (again.status_code, again.json()) == (200, first.json())
    assert len((await client.get("/v1/files")).json()["items"]) == 1


async def test_a_deleted_file_is_gone(client):
    id = (await client.post("/v1/files", content=b"x", headers=TEXT)).json()["id"]
    assert (await client.delete(f"/v1/files/{id}")).status_code == 204
    problem_of(await client.get(f"/v1/files/{id}"), 404, "not-found")
    problem_of(await client.delete(f"/v1/files/{id}"), 404, "not-found")


async def test_a_name_is_percent_encoded(client):
    headers = TEXT | {"X-File-Name": "%C3%9Cbersicht%20%E2%82%AC.txt"}
    answer = await client.post("/v1/files", content=b"x", headers=headers)
    assert answer.json()["name"] == "Übersicht €.txt"


@pytest.mark.parametrize(
    ("content", "headers", "slug"),
    [
        (b"", TEXT, "empty-document"),
        (b" \n\t ", TEXT, "empty-document"),
        (b"", PDF, "empty-document"),
        (a_pdf(), PDF, "empty-document"),
        (a_pdf(password="secret"), PDF, "encrypted-document"),
        (b"%PDF-1.7 nonsense", PDF, "corrupt-document"),
        (a_pdf()[:-200], PDF, "corrupt-document"),
        (b"\xff\xfe\x00", TEXT, "corrupt-document"),
    ],
)
async def test_what_gives_no_text_is_a_problem_with_a_cure(client, content, headers, slug):
    problem_of(await client.post("/v1/files", content=content, headers=headers), 422, slug)
    assert await nothing_kept(client)
    good = await client.post("/v1/files", content=b"Some words.", headers=TEXT)
    assert good.status_code == 201


async def test_a_zip_is_no_word_file(client):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("a", "b")
    headers = {"Content-Type": "application/octet-stream", "X-File-Name": "a.docx"}
    answer = await client.post("/v1/files", content=written.getvalue(), headers=headers)
    problem_of(answer, 422, "corrupt-document")


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("image/png", "a.png"),
        ("application/zip", "a.zip"),
        ("application/pdf", "a.txt"),
        ("", "noextension"),
    ],
)
async def test_an_unknown_type_is_refused_before_it_is_read(client, media_type, name):
    async def never():
        raise AssertionError("the body was read")
        yield b""

    headers = {"Content-Type": media_type, "X-File-Name": name}
    answer = await client.post("/v1/files", content=never(), headers=headers)
    problem_of(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "name", ["", "%20", "a%2Fb.txt", "..%5Ca.txt", "%FF.txt", "a%00.txt", "a" * 256]
)
async def test_a_name_that_is_none_is_refused(client, name):
    answer = await client.post("/v1/files", content=b"x", headers=TEXT | {"X-File-Name": name})
    problem = problem_of(answer, 422, "invalid-parameter")
    assert problem["errors"][0]["name"] == "X-File-Name"


async def test_a_name_is_needed(client):
    answer = await client.post("/v1/files", content=b"x", headers={"Content-Type": "text/plain"})
    (error,) = problem_of(answer, 422, "invalid-parameter")["errors"]
    assert (error["code"], error["in"], error["name"]) == ("missing-key", "header", "X-File-Name")


async def test_a_full_store_refuses_and_keeps_nothing_more(make_house):
    async with client_of(make_house(files_max=1)) as client:
        await client.post("/v1/files", content=b"one", headers=TEXT)
        problem_of(await client.post("/v1/files", content=b"two", headers=TEXT), 503, "files-full")
        assert len((await client.get("/v1/files")).json()["items"]) == 1
