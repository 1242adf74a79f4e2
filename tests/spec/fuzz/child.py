"""The process that is fuzzed. Its arguments are those of `main`.

Before an input is tried it is put into the file, where whoever started the process finds it if that
ends. An input that takes more than a second of processor time ends it too.
"""

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from itertools import islice

from tests.spec.fuzz import targets
from tests.spec.fuzz.inputs import inputs

INPUT_SECONDS_MAX = 1.0
_MEMORY_MAX = 4 << 30


def main(target: str, media: str, seed: str, count: str, seconds: str, file: str) -> None:
    """Try inputs until there were `count` of them or they took `seconds`; write how many."""
    if media not in ("yaml", "json"):
        raise ValueError(media)
    take = getattr(targets, target)(media)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MAX, _MEMORY_MAX))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process, in C code as well
    shown = os.open(file, os.O_WRONLY | os.O_CREAT)
    tried = 0
    for data in islice(_planted(target, inputs(media, int(seed))), int(count)):
        if time.process_time() > float(seconds):
            break
        os.pwrite(shown, len(data).to_bytes(8, "big") + data, 0)
        signal.setitimer(signal.ITIMER_PROF, INPUT_SECONDS_MAX)
        take(data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        tried += 1
    sys.stdout.write(str(tried))


def _planted(target: str, found: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what is found; for a target that is to fail, with something to fail at among it."""
    for number, data in enumerate(found):
        if target != "lexer" and number == 20:
            yield data[:50] + targets.PLANTED
        yield data


if __name__ == "__main__":
    main(*sys.argv[1:])
