"""How documents are put on a shelf and taken off: the statements that write, within limits.

Each expects to be inside a transaction.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from executors.collection import CollectionLimits, CollectionsFull, Doc, Place, Vectors
from executors.marks import mark, marks_of, presence


class Row(NamedTuple):
    """One document as it is kept."""

    id: str
    doc: bytes
    vector: bytes
    marks: frozenset[bytes]


def fresh(
    db: sqlite3.Connection, place: Place, docs: Sequence[Doc], vectors: Vectors
) -> Sequence[Row]:
    """Return the rows to write: those of documents that are not there, each once."""
    rows: dict[str, Row] = {}
    alive = "SELECT 1 FROM documents WHERE collection = ? AND id = ? AND removed IS NULL"
    for doc, vector in zip(docs, vectors, strict=True):
        id = doc["id"]
        if id not in rows and not db.execute(alive, (place.key, id)).fetchone():
            # A score belongs to the search that gave it, not to the document.
            kept = {key: value for key, value in doc.items() if key != "score"}
            body = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
            marks = frozenset(marks_of(kept))
            rows[id] = Row(id, body, vector.astype("<f4").tobytes(), marks)
    return list(rows.values())


def insert(
    db: sqlite3.Connection,
    place: Place,
    rows: Sequence[Row],
    dimension: int,
    model: str | None,
    version: int | None = None,
) -> None:
    """Write rows as the next version, or as one that nobody has looked at yet."""
    version = place.version + 1 if version is None else version
    db.executemany(
        "INSERT INTO documents (collection, added, id, doc, vector) VALUES (?, ?, ?, ?, ?)",
        [(place.key, version, row.id, row.doc, row.vector) for row in rows],
    )
    db.executemany(
        "INSERT INTO marks SELECT collection, ?, row FROM documents"
        " WHERE collection = ? AND id = ? AND removed IS NULL",
        [(mark, place.key, row.id) for row in rows for mark in row.marks],
    )
    # Who made the first vectors says nothing of those that came before anybody told.
    model = model if place.dimension is None else place.model
    db.execute(
        "UPDATE collections SET version = ?, dimension = ?, model = ?,"
        " documents = documents + ?, bytes = bytes + ? WHERE key = ?",
        (version, dimension, model, len(rows), weight(rows), place.key),
    )


def remove(db: sqlite3.Connection, place: Place, doc_ids: Iterable[str]) -> None:
    """Take documents out as of the next version, if there are any of them."""
    gone = sum(
        db.execute(
            "UPDATE documents SET removed = ? WHERE collection = ? AND id = ? AND removed IS NULL",
            (place.version + 1, place.key, doc_id),
        ).rowcount
        for doc_id in doc_ids
    )
    if gone:
        db.execute(
            "UPDATE collections SET version = version + 1, documents = documents - ? WHERE key = ?",
            (gone, place.key),
        )


def make_room(
    db: sqlite3.Connection, place: Place, rows: Sequence[Row], limits: CollectionLimits
) -> None:
    """Forget what was removed where `rows` need the room. Raise `CollectionsFull`."""
    if _count(db, place) + len(rows) > limits.rows_max:
        _purge(db, place)
        within(_count(db, place) + len(rows), "rows_max", limits.rows_max)
    if place.name is None:
        (kept,) = db.execute("SELECT sum(bytes) FROM collections").fetchone()
        within(kept + weight(rows), "private_bytes_max", limits.private_bytes_max)


def drop(db: sqlite3.Connection, keys: Iterable[int]) -> None:
    """Delete collections with everything in them."""
    for key in keys:
        db.execute("DELETE FROM marks WHERE collection = ?", (key,))
        db.execute("DELETE FROM documents WHERE collection = ?", (key,))
        db.execute("DELETE FROM collections WHERE key = ?", (key,))


def matching(
    db: sqlite3.Connection, place: Place, version: int, where: Mapping[str, Any]
) -> list[int]:
    """Return the rows at `version` whose `meta` has these values; null is what it lacks."""
    query = (
        "SELECT row FROM documents WHERE collection = ? AND added <= ?"
        " AND (removed IS NULL OR removed > ?)"
    )
    bound: list[object] = [place.key, version, version]
    for key, value in where.items():
        negation = "NOT " if value is None else ""
        query += f" AND row {negation}IN (SELECT row FROM marks WHERE collection = ? AND mark = ?)"
        bound += [place.key, presence(key) if value is None else mark(key, value)]
    return [row for (row,) in db.execute(f"{query} ORDER BY row", bound)]


def within(count: int, limit: str, most: int) -> None:
    """Raise `CollectionsFull` if `count` passes the limit of that name."""
    if count > most:
        cure = "Delete a collection, remove documents, or ask the operator to raise the limit."
        raise CollectionsFull(f"Collections would pass {limit} ({most}).", cure, limit=limit)


def weight(rows: Iterable[Row]) -> int:
    """Return how many bytes rows take."""
    return sum(len(row.doc) + len(row.vector) for row in rows)


def _count(db: sqlite3.Connection, place: Place) -> int:
    """Count the rows of a collection, removed ones included."""
    count: int = db.execute(
        "SELECT documents + (SELECT count(*) FROM documents WHERE collection = key"
        " AND removed IS NOT NULL) FROM collections WHERE key = ?",
        (place.key,),
    ).fetchone()[0]
    return count


def _purge(db: sqlite3.Connection, place: Place) -> None:
    """Forget removed rows, and with them every version before the present one."""
    removed = "FROM documents WHERE collection = ? AND removed IS NOT NULL"
    weigh = f"SELECT coalesce(sum(length(doc) + length(vector)), 0) {removed}"
    (freed,) = db.execute(weigh, (place.key,)).fetchone()
    gone = f"DELETE FROM marks WHERE collection = ? AND row IN (SELECT row {removed})"
    db.execute(gone, (place.key, place.key))
    db.execute(f"DELETE {removed}", (place.key,))
    db.execute(
        "UPDATE collections SET oldest = version, bytes = bytes - ? WHERE key = ?",
        (freed, place.key),
    )
