"""What a fuzzed input is given to: the readers, and what was planted to fail."""

import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from spec.load import load, read
from spec.problems import SpecError
from spec.source import Media, Source
from spec.vocabulary import Vocabulary
from tests.spec.conftest import modules, ops
from tests.spec.fuzz.inputs import CHARS_MAX

Target = Callable[[bytes], None]
PLANTED = b"PLANTED"


def lexer(media: Media) -> Target:
    """Read every input, and check as a document what is no larger than a document is."""
    everything = Vocabulary(modules=modules(), ops=ops(), engines=frozenset({"small"}))

    def take(data: bytes) -> None:
        source = Source("page", data, media)
        with suppress(SpecError):
            if len(data) > CHARS_MAX:
                read(source)
            else:
                load(source, everything)

    return take


def crashing(_: Media) -> Target:
    """End the process at the first planted input, as a fault in a C library would."""
    return partial(_at_planted, lambda: ctypes.string_at(0))


def hanging(_: Media) -> Target:
    """Never come back from the first planted input, nor to the interpreter."""
    return partial(_at_planted, lambda: sum(iter(int, 1)))


def failing(_: Media) -> Target:
    """Raise what may not be raised at the first planted input."""
    return partial(_at_planted, lambda: {}["missing"])


def growing(_: Media) -> Target:
    """Take more memory than there is for the first planted input."""
    return partial(_at_planted, lambda: bytearray(1 << 40))


def _at_planted(fault: Callable[[], object], data: bytes) -> None:
    if PLANTED in data:
        fault()
