"""`teola collections`: what is kept in the data folder, shown and deleted without a server."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.compose import open_collections
from api.exit_codes import Exit
from api.routes.collections import CollectionOut
from api.settings import Settings
from executors.collection import CollectionError, CollectionInfo
from executors.collections import Collections
from executors.errors import StorageFailed

TENANT = "local"
_LINE_CHARS = 72


def list_all(settings: Settings, *, as_json: bool) -> Exit:
    """Show every collection; return what to say at the end."""

    def shown(kept: Collections) -> None:
        found = kept.list(TENANT)
        if as_json:
            _print_json({"items": [_written(info) for info in found]})
        else:
            _console().print(_table(found))

    return _done(settings, shown)


def show(settings: Settings, name: str, limit: int, *, as_json: bool) -> Exit:
    """Show one collection and its first documents; return what to say at the end."""

    def shown(kept: Collections) -> None:
        info = kept.get(TENANT, name)
        docs = kept.page(TENANT, name, limit=limit).docs if limit else []
        if as_json:
            _print_json({**_written(info), "items": docs})
        else:
            _console().print(_table([info]), *map(_line, docs), sep="\n")

    return _done(settings, shown)


def delete(settings: Settings, name: str, documents: Sequence[str], *, as_json: bool) -> Exit:
    """Delete a collection, or only `documents` of it; return what to say at the end."""

    def deleted(kept: Collections) -> None:
        if not documents:
            kept.delete(TENANT, name)
            told: dict[str, Any] = {"name": name, "deleted": True}
            line = f"{name} is deleted"
        else:
            before = kept.get(TENANT, name).documents
            info = kept.remove(TENANT, name, documents)
            told = _written(info)
            line = f"{before - info.documents} taken out of {name}, {info.documents} left"
        if as_json:
            _print_json(told)
        else:
            _console().print(Text(line))

    return _done(settings, deleted)


def _done(settings: Settings, work: Callable[[Collections], None]) -> Exit:
    try:
        with _opened(settings) as kept:
            work(kept)
    except (CollectionError, StorageFailed) as error:
        sys.stderr.write(f"teola: {error}\n")
        return Exit.FAILED
    return Exit.OK


@contextmanager
def _opened(settings: Settings) -> Iterator[Collections]:
    kept = open_collections(settings)
    try:
        yield kept
    finally:
        kept.close()


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def _table(found: Sequence[CollectionInfo]) -> Table:
    table = Table()
    for heading in ("collection", "documents", "version", "model", "bytes", "created"):
        numeric = heading in ("documents", "version", "bytes")
        table.add_column(heading, justify="right" if numeric else "left")
    for info in found:
        created = f"{info.created_at:%Y-%m-%d %H:%M}"
        counts = (str(info.documents), str(info.version))
        table.add_row(info.name, *counts, info.model or "", str(info.bytes), created)
    return table


def _line(doc: dict[str, Any]) -> Text:
    text = " ".join(doc["text"].split())
    short = text if len(text) <= _LINE_CHARS else f"{text[: _LINE_CHARS - 1]}…"
    return Text(" · ".join(filter(None, (doc["id"], doc.get("source"), short))))


def _written(info: CollectionInfo) -> dict[str, Any]:
    return CollectionOut.of(info).model_dump()


def _print_json(data: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
