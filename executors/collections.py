"""Collections: the truth about documents and their vectors, for every tenant.

Named collections are kept on disk; private ones belong to a run, live in memory and go with it.
It knows nothing of search: whoever searches keeps a cache that can always be rebuilt from here.
Every call blocks for a moment and may come from any thread.
"""

import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from executors import shelving
from executors.collection import (
    BadName,
    Changes,
    CollectionInfo,
    CollectionLimits,
    Doc,
    DocsPage,
    Part,
    Place,
    Token,
    UnknownCollection,
    Vectors,
    fit,
    stale,
    token_parts,
)
from executors.shelf import Shelf

FILE_NAME = "collections.sqlite3"
NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")
NAME_LENGTH_MAX = 128

_PLACE = "SELECT key, tenant, name, generation, version, oldest, dimension, model FROM collections"
_INFO = "SELECT name, documents, version, dimension, model, created_at, bytes FROM collections"


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
            shelving.drop(db, [_place(db, tenant, name).key])

    def remove(self, tenant: str, name: str, doc_ids: Sequence[str]) -> CollectionInfo:
        """Take documents out from the next version on; ids that are not there are passed over."""
        with self._named.transaction() as db:
            place = _place(db, tenant, name)
            shelving.remove(db, place, doc_ids)
            return _info(db.execute(f"{_INFO} WHERE key = ?", (place.key,)).fetchone())

    def page(self, tenant: str, name: str, after: int = 0, limit: int = 50) -> DocsPage:
        """Return the documents that are there now, in the order they came, after row `after`.

        What comes or goes meanwhile shifts nothing.
        """
        with self._named.transaction() as db:
            place = _place(db, tenant, name)
            found = db.execute(
                "SELECT row, doc FROM documents WHERE collection = ? AND removed IS NULL"
                " AND row > ? ORDER BY row LIMIT ?",
                (place.key, after, limit + 1),
            ).fetchall()
        docs = [json.loads(doc) for _, doc in found[:limit]]
        return DocsPage(docs, found[limit - 1][0] if len(found) > limit else None)

    # --- what an engine asks ---

    def open(self, tenant: str, name: str) -> Token:
        """Return the token of a named collection as it is now, or raise `UnknownCollection`."""
        with self._named.transaction() as db:
            return _place(db, tenant, name).token()

    def add(
        self,
        tenant: str,
        name: str | None,
        run: str,
        docs: Sequence[Doc],
        vectors: Vectors,
        model: str | None = None,
    ) -> Token:
        """Keep documents under `name`, or in a new private collection of `run`; all or none.

        A document whose id is there already is passed over. Without any new one the version stays.
        `model` made the vectors, where that is known.
        """
        if name is not None and not (len(name) <= NAME_LENGTH_MAX and NAME.fullmatch(name)):
            cure = "Use lower-case letters, digits, - and _, in parts joined by dots."
            raise BadName(f"`{name}` cannot name a collection.", cure, name=name)
        shelf = self._private if name is None else self._named
        with shelf.transaction() as db:
            place = self._made(db, tenant, name, run)
            if len(vectors):
                fit(place, vectors.shape[1], model)
            rows = shelving.fresh(db, place, docs, vectors)
            if rows:
                shelving.make_room(db, place, rows, self._limits)
                shelving.insert(db, place, rows, vectors.shape[1], model)
            return _by_key(db, place).token()

    def extend(
        self,
        tenant: str,
        run: str,
        token: object,
        docs: Sequence[Doc],
        vectors: Vectors,
        model: str | None = None,
    ) -> Token:
        """Keep more documents in a private collection of `run`; all or none.

        The version stays, as if all had come at once: only whoever still fills the collection may
        know its token. Raise `StaleIndex` where that is not of the present version.
        """
        located = self.locate(tenant, run, token)
        with self._private.transaction() as db:
            place = _by_key(db, located)
            if place.name is not None or token != place.token():
                raise stale(place.name, place.version)
            if len(vectors):
                fit(place, vectors.shape[1], model)
            rows = shelving.fresh(db, place, docs, vectors)
            if rows:
                shelving.make_room(db, place, rows, self._limits)
                version = max(1, place.version)
                shelving.insert(db, place, rows, vectors.shape[1], model, version)
            return _by_key(db, place).token()

    def drop_private(self, run: str) -> None:
        """Forget the private collections of `run`."""
        with self._private.transaction() as db:
            found = db.execute("SELECT key FROM collections WHERE run = ?", (run,)).fetchall()
            shelving.drop(db, [key for (key,) in found])

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

    def changes(self, place: Place, since: int, part: Part = "vector") -> Changes:
        """Return what happened after version `since`, or raise `StaleIndex`."""
        with self._shelf(place.name).transaction() as db:
            now = _by_key(db, place)
            came = db.execute(
                f"SELECT row, added, id, {part} FROM documents"
                " WHERE collection = ? AND added > ? ORDER BY row",
                (place.key, since),
            ).fetchall()
            went = db.execute(
                "SELECT row, removed FROM documents WHERE collection = ? AND removed > ?",
                (place.key, since),
            ).fetchall()
        return Changes(
            place=now,
            rows=np.array([row for row, *_ in came], dtype=np.int64),
            added=np.array([added for _, added, *_ in came], dtype=np.int64),
            ids=[id for _, _, id, _ in came],
            held=[held for *_, held in came],
            removed=dict(went),
        )

    def matching(self, place: Place, version: int, where: Mapping[str, Any]) -> NDArray[np.int64]:
        """Return the rows, rising, of the documents at `version` whose `meta` has these values.

        A value of null is met by what lacks the key. Raise `StaleIndex`.
        """
        with self._shelf(place.name).transaction() as db:
            if version < _by_key(db, place).oldest:
                raise stale(place.name, version)
            return np.array(shelving.matching(db, place, version, where), dtype=np.int64)

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
            shelving.within(count + 1, "private_max", self._limits.private_max)
        else:
            owned = "SELECT count(*) FROM collections WHERE tenant = ?"
            (count,) = db.execute(owned, (tenant,)).fetchone()
            shelving.within(count + 1, "named_max", self._limits.named_max)
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


def _info(found: tuple[str, int, int, int | None, str | None, str, int]) -> CollectionInfo:
    name, documents, version, dimension, model, created_at, weight = found
    created = datetime.fromisoformat(created_at)
    return CollectionInfo(name, documents, version, dimension, model, created, weight)
