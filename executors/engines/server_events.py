"""Server-sent events as they come over a wire: bytes in, the data of whole events out.

>>> events = ServerEvents()
>>> events.feed(b"data: {}\\n\\n: alive\\nda"), events.feed(b"ta: [DONE]\\r\\n\\r\\n")
([b'{}'], [b'[DONE]'])
"""

from executors.engines.server_errors import not_understood

EVENT_BYTES_MAX = 4 << 20


class ServerEvents:
    """Reads one stream. An event that is not closed when the stream ends was never there."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of each event that `chunk` closes. `ServerFailed` if one is huge."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        found = []
        for line in lines:
            line = line.removesuffix(b"\r")
            if not line and self._data:
                found.append(b"\n".join(self._data))
                self._data, self._size = [], 0
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
                self._size += len(line)
        if self._size + len(self._rest) > EVENT_BYTES_MAX:
            raise not_understood("one event of its stream has no end")
        return found
