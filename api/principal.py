"""Who asks. Until there are keys everyone is the one tenant `local`; every route asks anyway."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a request comes from. Everything read or written belongs to `tenant`."""

    tenant: str


async def principal() -> Principal:
    """Return who asks."""
    return Principal("local")


Asker = Annotated[Principal, Depends(principal)]
