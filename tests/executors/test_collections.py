"""Collections: the truth about documents and vectors, on a real database."""

import resource
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
import pytest

from executors.collection import (
    BadName,
    BadToken,
    CollectionLimits,
    CollectionsFull,
    StaleIndex,
    UnknownCollection,
    WrongDimension,
    WrongModel,
)
from executors.collections import FILE_NAME, Collections
from executors.errors import StorageFailed
from executors.shelf import SCHEMA_VERSION

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "made" / "when needed"


@pytest.fixture
def collections(folder):
    opened = Collections(folder, now=lambda: NOON)
    yield opened
    opened.close()


def a_doc(id: str, text: str = "text") -> dict:
    return {"id": id, "text": text, "position": 0, "meta": {"é": None}}


def vectors(rows: int, dimension: int = 4) -> np.ndarray:
    return np.arange(rows * dimension, dtype=np.float32).reshape(rows, dimension)


def add(collections: Collections, name: str | None, *ids: str, run: str = "run", **more) -> dict:
    docs = [a_doc(id) for id in ids]
    given = vectors(len(ids), more.get("dimension", 4))
    return collections.add(more.get("tenant", "local"), name, run, docs, given)


def alive(collections: Collections, token: dict, run: str = "run") -> list[str]:
    place = collections.locate("local", run, token)
    changes = collections.changes(place, 0)
    shown = zip(changes.rows, changes.added, changes.ids, strict=True)
    now, gone = token["version"], changes.removed
    return [id for row, at, id in shown if at <= now < gone.get(row, now + 1)]


def test_what_was_added_is_told_with_its_facts(collections):
    token = add(collections, "notes", "a", "b")
    assert token.keys() == {"collection", "generation", "version"}
    info = collections.get("local", "notes")
    assert (info.name, info.documents, info.version, info.dimension) == ("notes", 2, 1, 4)
    assert info.created_at == NOON
    assert info.bytes > 2 * 4 * 4
    assert collections.list("local") == (info,)
    place = collections.locate("local", "run", token)
    changes = collections.changes(place, 0)
    assert (changes.vectors == vectors(2)).all()
    assert collections.docs(place, changes.rows.tolist()) == [a_doc("a"), a_doc("b")]


def test_documents_are_paged_through_in_the_order_they_came(collections):
    ids = [f"doc-{at}" for at in range(7)]
    add(collections, "notes", *ids)
    add(collections, "other", "elsewhere")
    first = collections.page("local", "notes", limit=3)
    assert [doc["id"] for doc in first.docs] == ids[:3]
    collections.remove("local", "notes", ["doc-1", "doc-4"])
    add(collections, "notes", "doc-1")
    second = collections.page("local", "notes", first.next_row, 3)
    assert [doc["id"] for doc in second.docs] == ["doc-3", "doc-5", "doc-6"]
    last = collections.page("local", "notes", second.next_row, 3)
    assert (last.docs, last.next_row) == ([a_doc("doc-1")], None)
    exact = collections.page("local", "notes", limit=6)
    assert (len(exact.docs), exact.next_row) == (6, None)
    with pytest.raises(UnknownCollection):
        collections.page("other", "notes")


def put(collections: Collections, name: str, id: str, model: str | None) -> str | None:
    collections.add("local", name, "run", [a_doc(id)], vectors(1), model)
    return collections.get("local", name).model


def test_vectors_of_another_model_are_refused(collections):
    assert put(collections, "notes", "a", "first") == "first"
    assert put(collections, "notes", "b", None) == "first"
    with pytest.raises(WrongModel) as caught:
        put(collections, "notes", "c", "second")
    assert caught.value.facts == {"expected": "first", "given": "second"}
    assert collections.get("local", "notes").documents == 2


def test_a_model_that_came_later_is_not_taken_for_that_of_the_first_vectors(collections):
    assert put(collections, "notes", "a", None) is None
    assert put(collections, "notes", "b", "first") is None
    assert put(collections, "notes", "c", "second") is None


def test_documents_are_found_by_what_their_meta_says(collections):
    metas = [{"kind": "x"}, {"kind": "x", "n": 1}, {"n": 1.0}, {}, None, {"kind": None}]
    docs = [{"id": f"{at}", "text": "t", "meta": meta} for at, meta in enumerate(metas)]
    token = collections.add("local", "notes", "run", docs, vectors(6))
    place = collections.locate("local", "run", token)

    def found(**where: object) -> list[str]:
        rows = collections.matching(place, place.version, where)
        return [doc["id"] for doc in collections.docs(place, rows.tolist())]

    assert found(kind="x") == ["0", "1"]
    assert found(n=1) == ["1", "2"]
    assert found(kind="x", n=1) == ["1"]
    assert found(kind=None) == ["2", "3", "4", "5"]
    assert found(kind=None, n=None) == ["3", "4", "5"]
    assert found() == ["0", "1", "2", "3", "4", "5"]
    assert found(other="x") == []


def test_versions_and_rows_only_rise(collections):
    tokens = [add(collections, "notes", id) for id in "abc"]
    assert [token["version"] for token in tokens] == [1, 2, 3]
    assert [alive(collections, token) for token in tokens] == [["a"], ["a", "b"], ["a", "b", "c"]]
    changes = collections.changes(collections.locate("local", "run", tokens[0]), 1)
    assert list(changes.ids) == ["b", "c"]
    assert changes.rows.tolist() == sorted(changes.rows.tolist())


def test_the_same_content_twice_is_one_document(collections):
    first = add(collections, "notes", "a", "b", "a")
    assert collections.get("local", "notes").documents == 2
    assert add(collections, "notes", "b", "a") == first
    later = add(collections, "notes", "a", "c")
    assert later["version"] == 2
    assert alive(collections, later) == ["a", "b", "c"]


def test_a_score_is_not_a_part_of_a_document(collections):
    token = collections.add("local", "notes", "run", [{**a_doc("a"), "score": 0.5}], vectors(1))
    place = collections.locate("local", "run", token)
    (doc,) = collections.docs(place, collections.changes(place, 0).rows.tolist())
    assert doc == a_doc("a")


def test_removed_documents_stay_in_the_versions_that_had_them(collections):
    before = add(collections, "notes", "a", "b")
    info = collections.remove("local", "notes", ["a", "unknown"])
    assert (info.version, info.documents) == (2, 1)
    after = collections.open("local", "notes")
    again = add(collections, "notes", "a")
    assert alive(collections, before) == ["a", "b"]
    assert alive(collections, after) == ["b"]
    assert alive(collections, again) == ["b", "a"]


def test_removing_nothing_makes_no_version(collections):
    add(collections, "notes", "a")
    assert collections.remove("local", "notes", ["unknown"]).version == 1


def test_a_token_of_a_deleted_collection_never_sees_its_successor(collections):
    old = add(collections, "notes", "secret")
    collections.delete("local", "notes")
    with pytest.raises(UnknownCollection):
        collections.get("local", "notes")
    with pytest.raises(StaleIndex):
        collections.locate("local", "run", old)
    new = add(collections, "notes", "other")
    assert new["version"] == old["version"]
    with pytest.raises(StaleIndex):
        collections.locate("local", "run", old)
    assert alive(collections, new) == ["other"]


def test_a_place_that_was_deleted_meanwhile_gives_nothing(collections):
    place = collections.locate("local", "run", add(collections, "notes", "a"))
    row = collections.changes(place, 0).rows.tolist()
    collections.delete("local", "notes")
    add(collections, "notes", "other")
    with pytest.raises(StaleIndex):
        collections.changes(place, 0)
    with pytest.raises(StaleIndex):
        collections.docs(place, row)


def test_tenants_do_not_see_one_another(collections):
    token = add(collections, "notes", "a")
    add(collections, "notes", "b", tenant="other")
    with pytest.raises(StaleIndex):
        collections.locate("other", "run", token)
    collections.delete("other", "notes")
    assert collections.list("other") == ()
    assert alive(collections, token) == ["a"]


def test_a_private_collection_belongs_to_its_run_and_goes_with_it(collections, folder):
    mine, theirs = add(collections, None, "a"), add(collections, None, "a", run="other")
    assert mine["generation"] != theirs["generation"]
    with pytest.raises(StaleIndex):
        collections.locate("local", "other", mine)
    assert collections.list("local") == ()
    collections.drop_private("run")
    with pytest.raises(StaleIndex):
        collections.locate("local", "run", mine)
    assert alive(collections, theirs, run="other") == ["a"]


def test_named_collections_outlive_a_restart_and_private_ones_do_not(folder):
    first = Collections(folder)
    kept, lost = add(first, "notes", "a"), add(first, None, "a")
    removed = first.remove("local", "notes", ["a"])
    first.close()
    second = Collections(folder)
    assert alive(second, kept) == ["a"]
    assert second.get("local", "notes") == removed
    assert add(second, "notes", "a")["version"] == 3
    add(second, None, "b")
    with pytest.raises(StaleIndex):
        second.locate("local", "run", lost)
    second.close()


def test_a_failed_ingest_leaves_nothing(collections):
    with pytest.raises(UnicodeEncodeError):
        add(collections, "notes", "a", "half a pair \ud800")
    assert collections.list("local") == ()
    add(collections, "notes", "a")
    with pytest.raises(UnicodeEncodeError):
        add(collections, "notes", "b", "half a pair \ud800")
    info = collections.get("local", "notes")
    assert (info.documents, info.version) == (1, 1)


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """Make the system refuse what would make any file of this process larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("dimension", [4, 100_000])
def test_a_full_disk_keeps_nothing_of_what_did_not_fit_and_all_that_was_there(
    collections, folder, dimension
):
    token = add(collections, "notes", "a", dimension=dimension)
    before = collections.get("local", "notes")
    used = max(file.stat().st_size for file in folder.iterdir())
    ids = [f"more-{at}" for at in range(100)]
    with (
        no_file_grows_beyond(used),
        pytest.raises(StorageFailed, match=r"disk I/O error|disk is full"),
    ):
        add(collections, "notes", *ids, dimension=dimension)
    assert collections.get("local", "notes") == before
    assert alive(collections, token) == ["a"]
    later = add(collections, "notes", *ids, dimension=dimension)
    assert alive(collections, later) == ["a", *ids]


def test_vectors_of_another_dimension_are_refused(collections):
    add(collections, "notes", "a")
    with pytest.raises(WrongDimension) as caught:
        add(collections, "notes", "b", dimension=3)
    assert caught.value.facts == {"expected": 4, "given": 3}


def test_no_documents_make_an_empty_collection(collections):
    token = add(collections, "notes")
    assert token["version"] == 0
    assert alive(collections, token) == []
    assert collections.get("local", "notes").dimension is None
    assert add(collections, "notes", "a", dimension=7)["version"] == 1


@pytest.mark.parametrize("name", ["", "Notes", "1st", "a..b", "a/b", "a b", "a.", "é", "x" * 200])
def test_a_name_must_be_a_name_of_the_language(collections, name):
    with pytest.raises(BadName):
        add(collections, name, "a")


def test_dotted_names_are_names(collections):
    add(collections, "team.notes_2-b", "a")


def test_unknown_collections_are_told_by_name(collections):
    for ask in (
        lambda: collections.open("local", "nope"),
        lambda: collections.delete("local", "nope"),
        lambda: collections.remove("local", "nope", ["a"]),
    ):
        with pytest.raises(UnknownCollection) as caught:
            ask()
        assert caught.value.facts == {"name": "nope"}


@pytest.mark.parametrize(
    "token",
    [None, "notes", {}, {"collection": "notes", "generation": 1, "version": 1}, [1]],
)
def test_what_is_no_token_is_refused(collections, token):
    with pytest.raises(BadToken):
        collections.locate("local", "run", token)


def test_a_version_of_the_future_is_refused(collections):
    token = add(collections, "notes", "a")
    with pytest.raises(StaleIndex):
        collections.locate("local", "run", {**token, "version": 2})


def limited(**limits: int) -> Collections:
    return Collections(None, CollectionLimits(**limits))


def test_documents_are_bounded_and_removed_ones_make_room_when_needed():
    collections = limited(rows_max=3)
    old = add(collections, "notes", "a", "b", "c")
    with pytest.raises(CollectionsFull) as caught:
        add(collections, "notes", "d")
    assert caught.value.facts == {"limit": "rows_max"}
    weight = collections.get("local", "notes").bytes
    collections.remove("local", "notes", ["a"])
    assert alive(collections, old) == ["a", "b", "c"]
    token = add(collections, "notes", "d")
    assert alive(collections, token) == ["b", "c", "d"]
    assert collections.get("local", "notes").bytes == weight
    with pytest.raises(StaleIndex):
        collections.locate("local", "run", old)
    place = collections.locate("local", "run", token)
    assert len(collections.matching(place, place.version, {"é": None})) == 3
    with pytest.raises(StaleIndex):
        collections.matching(place, old["version"], {"é": None})
    collections.close()


def test_collections_are_bounded_by_count_and_private_ones_by_bytes():
    collections = limited(named_max=1, private_max=1)
    add(collections, "notes", "a")
    add(collections, "notes", "b")
    add(collections, "notes", "a", tenant="other")
    add(collections, None, "a")
    for name in ("more", None):
        with pytest.raises(CollectionsFull):
            add(collections, name, "a")
    collections.drop_private("run")
    add(collections, None, "a")
    collections.close()
    small = limited(private_bytes_max=200)
    add(small, None, "a")
    with pytest.raises(CollectionsFull):
        add(small, None, *"bcdefgh")
    add(small, None, "b")
    small.close()


def test_a_file_of_another_release_is_left_alone(folder):
    Collections(folder).close()
    for version in (0, SCHEMA_VERSION + 1):
        with sqlite3.connect(folder / FILE_NAME) as db:
            db.execute(f"PRAGMA user_version = {version}")
        db.close()
        with pytest.raises(StorageFailed, match=f"schema {version}"):
            Collections(folder)


def test_a_file_that_is_no_database_is_said_to_be_none(folder):
    folder.mkdir(parents=True)
    (folder / FILE_NAME).write_bytes(b"not a database, whatever it is called" * 100)
    with pytest.raises(StorageFailed):
        Collections(folder)


def test_many_threads_add_at_once_and_every_version_is_one_of_them(collections):
    with ThreadPoolExecutor(8) as threads:
        ids = [f"doc-{at}" for at in range(64)]
        tokens = list(threads.map(lambda id: add(collections, "notes", id), ids))
    assert sorted(token["version"] for token in tokens) == list(range(1, 65))
    for id, token in zip(ids, tokens, strict=True):
        seen = alive(collections, token)
        assert len(seen) == token["version"]
        assert seen[-1] == id
