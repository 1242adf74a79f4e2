"""One SQLite database of collections: its schema, its lock, its transactions.

It knows how rows are kept, not what a collection means.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from executors.errors import StorageFailed

SCHEMA_VERSION = 2
WAIT_S_MAX = 10.0

# A row is a document as it was added; `removed` is the version that no longer has it.
# Nothing about a row changes but that.
_SCHEMA = (
    """
    CREATE TABLE collections (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        generation TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL,
        name TEXT,
        run TEXT,
        version INTEGER NOT NULL DEFAULT 0,
        oldest INTEGER NOT NULL DEFAULT 0,
        dimension INTEGER,
        model TEXT,
        documents INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL,
        UNIQUE (tenant, name)
    ) STRICT
    """,
    """
    CREATE TABLE documents (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        collection INTEGER NOT NULL REFERENCES collections (key),
        id TEXT NOT NULL,
        added INTEGER NOT NULL,
        removed INTEGER,
        doc BLOB NOT NULL,
        vector BLOB NOT NULL
    ) STRICT
    """,
    # What `meta` of a row says, as marks to find it by.
    """
    CREATE TABLE marks (
        collection INTEGER NOT NULL REFERENCES collections (key),
        mark BLOB NOT NULL,
        row INTEGER NOT NULL,
        PRIMARY KEY (collection, mark, row)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE UNIQUE INDEX live ON documents (collection, id) WHERE removed IS NULL",
    "CREATE INDEX arrivals ON documents (collection, added, row)",
    "CREATE INDEX removals ON documents (collection, removed) WHERE removed IS NOT NULL",
    "CREATE INDEX owners ON collections (run) WHERE run IS NOT NULL",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


class Shelf:
    """A database in `file`, or in memory. Blocks; safe to share between threads."""

    def __init__(self, file: Path | None) -> None:
        self._place = str(file) if file else "memory"
        self._lock = threading.Lock()
        with self._translated():
            self._db = sqlite3.connect(
                file or ":memory:",
                timeout=WAIT_S_MAX,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._prepare(in_memory=file is None)
            except BaseException:
                self._db.close()
                raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the database alone: everything done inside is kept, or nothing is."""
        with self._lock, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk has ended the transaction already; saying so twice would hide why.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Give the file back. A second call changes nothing."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            cure = "Look at the disk and at who else uses the file."
            raise StorageFailed(f"Collections in {self._place}: {error}.", cure) from error

    def _prepare(self, in_memory: bool) -> None:
        if in_memory:
            # Memory goes back to the process when a run's collections are dropped.
            self._db.execute("PRAGMA auto_vacuum = FULL")
        else:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("BEGIN IMMEDIATE")
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if found == 0 and tables == 0:
            for statement in _SCHEMA:
                self._db.execute(statement)
        elif found != SCHEMA_VERSION:
            raise StorageFailed(
                f"{self._place} has schema {found}; this release knows {SCHEMA_VERSION}.",
                "Start the release that wrote it, or move the file away.",
            )
        self._db.execute("COMMIT")
