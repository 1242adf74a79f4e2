"""Named collections: what has been indexed and stays beyond its run."""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel

from api.house import Here
from api.openapi import problems
from api.principal import Asker
from executors.collection import CollectionInfo
from executors.moments import rfc3339

router = APIRouter(prefix="/collections", tags=["collections"])


class CollectionOut(BaseModel):
    """A named collection as it is now. `dimension` is null while it is empty."""

    name: str
    documents: int
    version: int
    dimension: int | None
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
            bytes=info.bytes,
            created_at=rfc3339(info.created_at),
        )


class CollectionsOut(BaseModel):
    """Every named collection of the asker, by name."""

    items: list[CollectionOut]


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


@router.delete(
    "/{name}/documents/{document}",
    summary="Take a document out of a collection",
    responses=problems("unknown-collection"),
)
async def remove(name: str, document: str, asker: Asker, house: Here) -> CollectionOut:
    """Take one document out, by its id, from the next version on; return the collection.

    A run that holds an earlier version still finds it. One that is not there changes nothing.
    """
    info = await asyncio.to_thread(house.collections.remove, asker.tenant, name, [document])
    return CollectionOut.of(info)
