"""Files that users have uploaded: what they are and the text that was read out of them.

The raw bytes are not kept. The same content is one file per tenant, under its first name.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from executors.errors import Refused
from executors.store.errors import Unknown


@dataclass(frozen=True, slots=True)
class File:
    """One uploaded file. `size` is in bytes and `sha256` is of the bytes as they came."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How much is kept, over all tenants."""

    files_max: int = 10_000
    bytes_max: int = 512 << 20
    age_max: timedelta = timedelta(days=7)


class Files:
    """Uploaded files by tenant and id. What is too old goes; a full store refuses the next."""

    def __init__(self, now: Callable[[], datetime], limits: FileLimits | None = None) -> None:
        self._now = now
        self._limits = limits or FileLimits()
        self._files: OrderedDict[tuple[str, str], File] = OrderedDict()
        self._bytes = 0

    def find(self, tenant: str, data: bytes, media_type: str) -> File | None:
        """Return the file with this very content, if it was put before."""
        self._forget_old()
        return self._files.get((tenant, content_id(data, media_type)))

    def put(self, tenant: str, name: str, media_type: str, data: bytes, text: str) -> File:
        """Keep a file. Raise `Refused` when there is no room; then nothing has been kept."""
        known = self.find(tenant, data, media_type)
        if known is not None:
            return known
        file = File(
            id=content_id(data, media_type),
            name=name,
            media_type=media_type,
            size=len(data),
            sha256=sha256(data).hexdigest(),
            text=text,
            created_at=self._now(),
        )
        self._check_room(len(text))
        self._files[tenant, file.id] = file
        self._bytes += len(text)
        return file

    def get(self, tenant: str, id: str) -> File:
        """Return a file. Raise `Unknown`. Changes nothing, so any thread may ask."""
        file = self._files.get((tenant, id))
        if file is None or file.created_at < self._oldest():
            raise Unknown("file", id)
        return file

    def list(self, tenant: str) -> tuple[File, ...]:
        """Return a tenant's files, the newest first."""
        self._forget_old()
        return tuple(file for (owner, _), file in reversed(self._files.items()) if owner == tenant)

    def delete(self, tenant: str, id: str) -> None:
        """Forget a file; a run that was given it keeps what it was given. Raise `Unknown`."""
        self.get(tenant, id)
        self._drop((tenant, id))

    def _check_room(self, size: int) -> None:
        limits = self._limits
        if len(self._files) >= limits.files_max or self._bytes + size > limits.bytes_max:
            raise Refused("files-full", "there is no room for another file", retry_after_s=60)

    def _forget_old(self) -> None:
        oldest = self._oldest()
        while self._files:
            key, file = next(iter(self._files.items()))
            if file.created_at >= oldest:
                return
            self._drop(key)

    def _oldest(self) -> datetime:
        return self._now() - self._limits.age_max

    def _drop(self, key: tuple[str, str]) -> None:
        self._bytes -= len(self._files.pop(key).text)


def content_id(data: bytes, media_type: str) -> str:
    """Return the id that the same content of the same media type always has."""
    return f"file_{sha256(media_type.encode() + bytes(1) + data).hexdigest()[:24]}"
