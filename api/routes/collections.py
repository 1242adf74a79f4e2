"""Named collections: what has been indexed and stays beyond its run."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.house import Here
from api.openapi import problems
from api.principal import Asker
from executors.collection import CollectionInfo
from executors.moments import rfc3339
from executors.store.runs import read_cursor, write_cursor

router = APIRouter(prefix="/collections", tags=["collections"])


class CollectionOut(BaseModel):
    """A named collection as it is now.

    `dimension`, and the embedding `model`, are null until there have been documents.
    """

    name: str
    documents: int
    version: int
    dimension: int | None
    model: str | None
    bytes: int
    created_at: str

    @staticmethod
    def of(info: CollectionInfo) -> "CollectionOut":
        """Write `info`."""
        return CollectionOut(
            name=info.name,
            documents=info.documents,
            version=info.version,
            dimension=info.dimension,
            model=info.model,
            bytes=info.bytes,
            created_at=rfc3339(info.created_at),
        )


class CollectionsOut(BaseModel):
    """Every named collection of the asker, by name."""

    items: list[CollectionOut]


class DocumentsOut(BaseModel):
    """Some documents, in the order they were added; `next_cursor` is null on the last page."""

    items: list[dict[str, Any]]
    next_cursor: str | None


@router.get("", summary="List collections", responses=problems())
async def list_(asker: Asker, house: Here) -> CollectionsOut:
    """Return every named collection."""
    found = await asyncio.to_thread(house.collections.list, asker.tenant)
    return CollectionsOut(items=[CollectionOut.of(info) for info in found])


@router.get(
    "/{name}",
    summary="Read what is known of a collection",
    responses=problems("unknown-collection"),
)
async def get(name: str, asker: Asker, house: Here) -> CollectionOut:
    """Return how many documents a collection holds, at which version."""
    return CollectionOut.of(await asyncio.to_thread(house.collections.get, asker.tenant, name))


@router.delete(
    "/{name}",
    status_code=204,
    summary="Delete a collection",
    responses=problems("unknown-collection"),
)
async def delete(name: str, asker: Asker, house: Here) -> None:
    """Delete a collection with all its documents. A run that still searches it fails."""
    await asyncio.to_thread(house.collections.delete, asker.tenant, name)


@router.get(
    "/{name}/documents",
    summary="List the documents of a collection",
    responses=problems("unknown-collection", "bad-cursor"),
)
async def documents(
    name: str,
    asker: Asker,
    house: Here,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DocumentsOut:
    """Return documents as they are now, in the order they were added.

    What is added or taken out meanwhile shifts nothing.
    """
    after = 0 if cursor is None else read_cursor(cursor)
    page = await asyncio.to_thread(house.collections.page, asker.tenant, name, after, limit)
    following = None if page.next_row is None else write_cursor(page.next_row)
    return DocumentsOut(items=list(page.docs), next_cursor=following)


@router.delete(
    "/{name}/documents/{document:path}",
    summary="Take a document out of a collection",
    responses=problems("unknown-collection"),
)
async def remove(name: str, document: str, asker: Asker, house: Here) -> CollectionOut:
    """Take one document out, by its id, from the next version on; return the collection.

    What came from the web has its address as id, slashes included. A run that holds an earlier
    version still finds it. One that is not there changes nothing.
    """
    info = await asyncio.to_thread(house.collections.remove, asker.tenant, name, [document])
    return CollectionOut.of(info)
