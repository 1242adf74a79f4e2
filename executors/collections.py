"""Collections: the truth about documents and their vectors, for every tenant.

Named collections are kept on disk; private ones belong to a run, live in memory and go with it.
It knows nothing of search: whoever searches keeps a cache that can always be rebuilt from here.
Every call blocks for a moment and may come from any thread.
"""

import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from executors.collection import (
    BadName,
    Changes,
    CollectionInfo,
    CollectionLimits,
    CollectionsFull,
    Doc,
    Place,
    Token,
    UnknownCollection,
    Vectors,
    WrongDimension,
    stale,
    token_parts,
)
from executors.shelf import Shelf

FILE_NAME = "collections.sqlite3"
NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")
NAME_LENGTH_MAX = 128

_PLACE = "SELECT key, tenant, name, generation, version, oldest, dimension FROM collections"
_INFO = "SELECT name, documents, version, dimension, created_at, bytes FROM collections"


class _Row(NamedTuple):
    id: str
    doc: bytes
    vector: bytes


class Collections:
    """All collections: named ones in `folder` (in memory without one), private ones in memory."""

    def __init__(
        self,
        folder: Path | None,
        limits: CollectionLimits | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._limits = limits or CollectionLimits()
        self._now = now
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._named = Shelf(folder / FILE_NAME if folder else None)
        self._private = Shelf(None)

    def close(self) -> None:
        """Give the file back."""
        self._named.close()
        self._private.close()

    # --- what an operator asks ---

    def list(self, tenant: str) -> tuple[CollectionInfo, ...]:
        """Return the tenant's named collections by name."""
        with self._named.transaction() as db:
            found = db.execute(f"{_INFO} WHERE tenant = ? ORDER BY name", (tenant,)).fetchall()
        return tuple(map(_info, found))

    def get(self, tenant: str, name: str) -> CollectionInfo:
        """Return one collection, or raise `UnknownCollection`."""
        with self._named.transaction() as db:
            place = _place(db, tenant, name)
            return _info(db.execute(f"{_INFO} WHERE key = ?", (place.key,)).fetchone())

    def delete(self, tenant: str, name: str) -> None:
        """Delete a collection. Tokens of it stay dead, also when the name is used again."""
        with self._named.transaction() as db:
            _drop(db, [_place(db, tenant, name).key])

    def remove(self, tenant: str, name: str, doc_ids: Sequence[str]) -> CollectionInfo:
        """Take documents out from the next version on; ids that are not there are passed over."""
        with self._named.transaction() as db:
            place = _place(db, tenant, name)
            gone = 0
            for doc_id in doc_ids:
                gone += db.execute(
                    "UPDATE documents SET removed = ?"
                    " WHERE collection = ? AND id = ? AND removed IS NULL",
                    (place.version + 1, place.key, doc_id),
                ).rowcount
            if gone:
                db.execute(
                    "UPDATE collections SET version = version + 1, documents = documents - ?"
                    " WHERE key = ?",
                    (gone, place.key),
                )
            return _info(db.execute(f"{_INFO} WHERE key = ?", (place.key,)).fetchone())

    # --- what an engine asks ---

    def open(self, tenant: str, name: str) -> Token:
        """Return the token of a named collection as it is now, or raise `UnknownCollection`."""
        with self._named.transaction() as db:
            return _place(db, tenant, name).token()

    def add(
        self, tenant: str, name: str | None, run: str, docs: Sequence[Doc], vectors: Vectors
    ) -> Token:
        """Keep documents under `name`, or in a new private collection of `run`; all or none.

        A document whose id is there already is passed over. Without any new one the version stays.
        """
        if name is not None and not (len(name) <= NAME_LENGTH_MAX and NAME.fullmatch(name)):
            cure = "Use lower-case letters, digits, - and _, in parts joined by dots."
            raise BadName(f"`{name}` cannot name a collection.", cure, name=name)
        shelf = self._private if name is None else self._named
        with shelf.transaction() as db:
            place = self._made(db, tenant, name, run)
            _fits(place, vectors)
            fresh = _fresh(db, place, docs, vectors)
            if fresh:
                self._check(db, place, fresh)
                _insert(db, place, fresh, vectors.shape[1])
            return _by_key(db, place).token()

    def drop_private(self, run: str) -> None:
        """Forget the private collections of `run`."""
        with self._private.transaction() as db:
            found = db.execute("SELECT key FROM collections WHERE run = ?", (run,)).fetchall()
            _drop(db, [key for (key,) in found])

    def locate(self, tenant: str, run: str, token: object) -> Place:
        """Return the collection a token points at as it is now, or raise `StaleIndex`.

        A token opens nothing for another tenant; one of a private collection, for another run.
        """
        name, generation, version = token_parts(token)
        column, owner = ("run", run) if name is None else ("name", name)
        query = f"{_PLACE} WHERE generation = ? AND tenant = ? AND {column} = ?"
        with self._shelf(name).transaction() as db:
            found = db.execute(query, (generation, tenant, owner)).fetchone()
        if found is None:
            raise stale(name, version)
        place = Place(*found)
        if not place.oldest <= version <= place.version:
            raise stale(name, version)
        return place

    def changes(self, place: Place, since: int) -> Changes:
        """Return what happened after version `since`, or raise `StaleIndex`."""
        with self._shelf(place.name).transaction() as db:
            now = _by_key(db, place)
            came = db.execute(
                "SELECT row, added, id, vector FROM documents"
                " WHERE collection = ? AND added > ? ORDER BY row",
                (place.key, since),
            ).fetchall()
            went = db.execute(
                "SELECT row, removed FROM documents WHERE collection = ? AND removed > ?",
                (place.key, since),
            ).fetchall()
        vectors = np.frombuffer(b"".join(vector for *_, vector in came), dtype=np.float32)
        return Changes(
            place=now,
            rows=np.array([row for row, *_ in came], dtype=np.int64),
            added=np.array([added for _, added, *_ in came], dtype=np.int64),
            ids=[id for _, _, id, _ in came],
            vectors=vectors.reshape(len(came), now.dimension or 0),
            removed=dict(went),
        )

    def docs(self, place: Place, rows: Sequence[int]) -> Sequence[Doc]:
        """Return the documents of `rows`, in that order, or raise `StaleIndex`."""
        with self._shelf(place.name).transaction() as db:
            found = [
                db.execute(
                    "SELECT doc FROM documents WHERE collection = ? AND row = ?", (place.key, row)
                ).fetchone()
                for row in rows
            ]
        if None in found:
            raise stale(place.name, place.version)
        return [json.loads(doc) for (doc,) in found]

    def _shelf(self, name: str | None) -> Shelf:
        return self._private if name is None else self._named

    def _made(self, db: sqlite3.Connection, tenant: str, name: str | None, run: str) -> Place:
        found = db.execute(f"{_PLACE} WHERE tenant = ? AND name = ?", (tenant, name)).fetchone()
        if found:
            return Place(*found)
        if name is None:
            (count,) = db.execute("SELECT count(*) FROM collections").fetchone()
            _within(count + 1, "private_max", self._limits.private_max)
        else:
            owned = "SELECT count(*) FROM collections WHERE tenant = ?"
            (count,) = db.execute(owned, (tenant,)).fetchone()
            _within(count + 1, "named_max", self._limits.named_max)
        # Never used twice, not even by another file: an old token must not see new content.
        generation = uuid.uuid4().hex
        owner = run if name is None else None
        db.execute(
            "INSERT INTO collections (generation, tenant, name, run, created_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (generation, tenant, name, owner, self._now().isoformat()),
        )
        made = db.execute(f"{_PLACE} WHERE generation = ?", (generation,)).fetchone()
        return Place(*made)

    def _check(self, db: sqlite3.Connection, place: Place, fresh: Sequence[_Row]) -> None:
        rows_max = self._limits.rows_max
        if _rows(db, place) + len(fresh) > rows_max:
            _purge(db, place)
            _within(_rows(db, place) + len(fresh), "rows_max", rows_max)
        if place.name is None:
            (kept,) = db.execute("SELECT sum(bytes) FROM collections").fetchone()
            limit = self._limits.private_bytes_max
            _within(kept + _weight(fresh), "private_bytes_max", limit)


def _place(db: sqlite3.Connection, tenant: str, name: str) -> Place:
    found = db.execute(f"{_PLACE} WHERE tenant = ? AND name = ?", (tenant, name)).fetchone()
    if found is None:
        cure = "Add documents under that name first, or look at the names there are."
        raise UnknownCollection(f"There is no collection `{name}`.", cure, name=name)
    return Place(*found)


def _by_key(db: sqlite3.Connection, place: Place) -> Place:
    found = db.execute(f"{_PLACE} WHERE key = ?", (place.key,)).fetchone()
    if found is None:
        raise stale(place.name, place.version)
    return Place(*found)


def _info(found: tuple[str, int, int, int | None, str, int]) -> CollectionInfo:
    name, documents, version, dimension, created_at, weight = found
    created = datetime.fromisoformat(created_at)
    return CollectionInfo(name, documents, version, dimension, created, weight)


def _fits(place: Place, vectors: Vectors) -> None:
    expected, given = place.dimension, vectors.shape[1]
    if len(vectors) and expected not in (None, given):
        detail = f"Vectors of {given} numbers do not fit a collection of {expected}."
        cure = "Use the embedding engine it was made with, or another name."
        raise WrongDimension(detail, cure, expected=expected, given=given)


def _fresh(
    db: sqlite3.Connection, place: Place, docs: Sequence[Doc], vectors: Vectors
) -> Sequence[_Row]:
    """Return the rows to write: those of documents that are not there, each once."""
    fresh: dict[str, _Row] = {}
    alive = "SELECT 1 FROM documents WHERE collection = ? AND id = ? AND removed IS NULL"
    for doc, vector in zip(docs, vectors, strict=True):
        id = doc["id"]
        if id not in fresh and not db.execute(alive, (place.key, id)).fetchone():
            # A score belongs to the search that gave it, not to the document.
            kept = {key: value for key, value in doc.items() if key != "score"}
            body = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
            fresh[id] = _Row(id, body, vector.astype("<f4").tobytes())
    return list(fresh.values())


def _insert(db: sqlite3.Connection, place: Place, fresh: Iterable[_Row], dimension: int) -> None:
    fresh = list(fresh)
    db.executemany(
        "INSERT INTO documents (collection, added, id, doc, vector) VALUES (?, ?, ?, ?, ?)",
        [(place.key, place.version + 1, *row) for row in fresh],
    )
    db.execute(
        "UPDATE collections SET version = version + 1, dimension = ?,"
        " documents = documents + ?, bytes = bytes + ? WHERE key = ?",
        (dimension, len(fresh), _weight(fresh), place.key),
    )


def _rows(db: sqlite3.Connection, place: Place) -> int:
    """Count the rows of a collection, removed ones included."""
    count: int = db.execute(
        "SELECT documents + (SELECT count(*) FROM documents WHERE collection = key"
        " AND removed IS NOT NULL) FROM collections WHERE key = ?",
        (place.key,),
    ).fetchone()[0]
    return count


def _purge(db: sqlite3.Connection, place: Place) -> None:
    """Make room: forget removed rows, and with them every version before the present one."""
    removed = "FROM documents WHERE collection = ? AND removed IS NOT NULL"
    weigh = f"SELECT coalesce(sum(length(doc) + length(vector)), 0) {removed}"
    (freed,) = db.execute(weigh, (place.key,)).fetchone()
    db.execute(f"DELETE {removed}", (place.key,))
    db.execute(
        "UPDATE collections SET oldest = version, bytes = bytes - ? WHERE key = ?",
        (freed, place.key),
    )


def _drop(db: sqlite3.Connection, keys: Sequence[int]) -> None:
    for key in keys:
        db.execute("DELETE FROM documents WHERE collection = ?", (key,))
        db.execute("DELETE FROM collections WHERE key = ?", (key,))


def _weight(rows: Iterable[_Row]) -> int:
    return sum(len(row.doc) + len(row.vector) for row in rows)


def _within(count: int, limit: str, most: int) -> None:
    if count > most:
        cure = "Delete a collection, remove documents, or ask the operator to raise the limit."
        raise CollectionsFull(f"Collections would pass {limit} ({most}).", cure, limit=limit)
