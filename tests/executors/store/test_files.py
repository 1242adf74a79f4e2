"""Uploaded files: the same content once, nothing without room."""

from datetime import UTC, datetime, timedelta

import pytest

from executors.errors import Refused
from executors.store.errors import Unknown
from executors.store.files import FileLimits, Files

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_same_content_is_one_file():
    files = Files(lambda: START)
    first = files.put("local", "a.txt", "text/plain", b"same", "same")
    again = files.put("local", "b.txt", "text/plain", b"same", "same")
    assert first is again
    assert files.find("local", b"same", "text/plain") is first
    assert [file.name for file in files.list("local")] == ["a.txt"]


def test_the_same_content_of_two_tenants_is_two_files():
    files = Files(lambda: START)
    id = files.put("a", "a.txt", "text/plain", b"same", "same").id
    with pytest.raises(Unknown):
        files.get("b", id)
    files.put("b", "a.txt", "text/plain", b"same", "same")
    files.delete("a", id)
    assert files.get("b", id).text == "same"


@pytest.mark.parametrize("limits", [FileLimits(files_max=1), FileLimits(bytes_max=7)])
def test_a_full_store_keeps_nothing_more(limits):
    files = Files(lambda: START, limits)
    kept = files.put("local", "a", "text/plain", b"four", "four")
    with pytest.raises(Refused) as caught:
        files.put("local", "b", "text/plain", b"more", "more")
    assert caught.value.code == "files-full"
    assert files.list("local") == (kept,)
    files.delete("local", kept.id)
    files.put("local", "b", "text/plain", b"more", "more")


def test_old_files_are_forgotten():
    now = [START]
    files = Files(lambda: now[0], FileLimits(age_max=timedelta(days=1)))
    id = files.put("local", "a", "text/plain", b"a", "a").id
    now[0] += timedelta(days=2)
    with pytest.raises(Unknown):
        files.get("local", id)
