"""A process that reads one document after another from its input, and answers on its output.

It is ended by the system when a document takes too long; `executors.reader` starts the next.
"""

import json
import os
import resource
import signal
import sys
from contextlib import suppress

from executors.documents import Unreadable, load_readers, read


def main() -> None:
    """Read documents until the input ends."""
    read_s_max, memory_bytes_max = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes_max, memory_bytes_max))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whatever a library prints must not end up among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(Unreadable):  # each document is told what is missing
        load_readers()
    while line := sys.stdin.buffer.readline():
        about = json.loads(line)
        data = sys.stdin.buffer.read(about["size"])
        signal.alarm(read_s_max)
        head, text = _answer(data, about["name"], about["media_type"])
        signal.alarm(0)
        answers.write(json.dumps(head).encode() + b"\n" + text)
        answers.flush()


def _answer(data: bytes, name: str, media_type: str) -> tuple[dict[str, object], bytes]:
    try:
        text = read(data, name, media_type).encode()
    except Unreadable as error:
        return {"code": error.code, "detail": error.detail, "cure": error.cure}, b""
    except MemoryError:
        detail = f"{name} takes more memory than there is to read it."
        return {"code": "too-large", "detail": detail, "cure": "Send it in several files."}, b""
    return {"size": len(text)}, text


if __name__ == "__main__":
    main()
