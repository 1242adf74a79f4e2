"""`teola collections`, from outside, over a data folder that something was indexed into."""

import json
from pathlib import Path

import httpx
import numpy as np
import pytest

from executors.collections import Collections
from tests.api.test_cli import teola, up

DOCS = [{"id": f"d{at}", "text": f"text of {at}", "source": "a.txt", "meta": {}} for at in range(3)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept = Collections(tmp_path / "data" / "collections")
    kept.add("local", "notes", "run", DOCS, np.ones((3, 4), np.float32), "the-model")
    kept.add("other", "theirs", "run", DOCS, np.ones((3, 4), np.float32))
    kept.close()
    return tmp_path


def printed(folder: Path, *arguments: str) -> dict:
    done = teola(folder, "collections", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_collections_are_listed_with_what_they_hold(folder):
    done = teola(folder, "collections", "list")
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in ("notes", "the-model", " 3 ", " 1 "))
    assert "theirs" not in done.stdout
    (line,) = printed(folder, "list")["items"]
    assert (line["name"], line["documents"], line["version"]) == ("notes", 3, 1)


def test_a_collection_is_shown_with_its_first_documents(folder):
    done = teola(folder, "collections", "show", "notes", "--limit", "2")
    assert done.returncode == 0, done.stderr
    assert "d1 · a.txt · text of 1" in done.stdout
    assert "d2" not in done.stdout
    assert printed(folder, "show", "notes", "--limit", "2")["items"] == DOCS[:2]
    assert printed(folder, "show", "notes", "--limit", "0")["items"] == []


def test_documents_and_collections_are_deleted(folder):
    done = teola(folder, "collections", "delete", "notes", "-d", "d0", "-d", "none")
    assert (done.returncode, done.stdout) == (0, "1 taken out of notes, 2 left\n")
    shrunk = printed(folder, "delete", "notes", "--document", "d1")
    assert (shrunk["documents"], shrunk["version"]) == (1, 3)
    done = teola(folder, "collections", "delete", "notes")
    assert (done.returncode, done.stdout) == (0, "notes is deleted\n")
    assert printed(folder, "list") == {"items": []}


@pytest.mark.parametrize("arguments", [("show", "theirs"), ("delete", "none")])
def test_what_is_not_there_says_so(folder, arguments):
    done = teola(folder, "collections", *arguments)
    assert done.returncode == 1
    assert f"teola: There is no collection `{arguments[1]}`" in done.stderr


def test_a_running_service_sees_what_the_command_line_deleted(folder):
    with up(folder) as (_, address):
        assert httpx.get(f"{address}/v1/collections/notes").status_code == 200
        assert teola(folder, "collections", "delete", "notes").returncode == 0
        assert httpx.get(f"{address}/v1/collections/notes").status_code == 404
