"""How large a document may be. Reading stops at the first limit passed, never after it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Named limits. A `too-large` problem names the one that was passed."""

    bytes_max: int = 1 << 20
    depth_max: int = 64
    nodes_max: int = 100_000
    scalar_chars_max: int = 256 << 10


PROBLEMS_MAX = 50
PROBLEMS_FOUND_MAX = 2 * PROBLEMS_MAX  # looking for more costs time and shows nothing
NAMES_COMPARED_MAX = 500
PATH_SEGMENTS_MAX = 64
ECHO_CHARS_MAX = 80
EXPRESSION_CHARS_MAX = 4_096
EXPRESSION_DEPTH_MAX = 32
FORMATTERS_MAX = 8
ID_CHARS_MAX = 64
TEXT_CHARS_MAX = 64 << 20
INTEGER_MAX = 2**53 - 1
