"""How large a document, and what it computes, may be. Work stops at the first limit passed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Named limits. A `too-large` problem names the one that was passed."""

    bytes_max: int = 1 << 20
    depth_max: int = 64
    nodes_max: int = 65_536
    scalar_chars_max: int = 256 << 10
    key_chars_max: int = 256  # pointers are made of keys, and each problem has one


PROBLEMS_MAX = 50
PROBLEMS_FOUND_MAX = 2 * PROBLEMS_MAX  # looking for more costs time and shows nothing
NAMES_COMPARED_MAX = 500
PATH_SEGMENTS_MAX = 64
ECHO_CHARS_MAX = 80
EXPRESSION_CHARS_MAX = 4_096
EXPRESSION_DEPTH_MAX = 32
EXPRESSION_WORDS_MAX = 150_000  # of all expressions and slots of a document together
FORMATTERS_MAX = 8
ID_CHARS_MAX = 64
BLOCKS_DEEP_MAX = 8
FLOWS_DEEP_MAX = 8
LOOP_BODIES_MAX = 10_000  # how often the body of a step runs, with all the loops it is inside of
TEXT_CHARS_MAX = 64 << 20
INTEGER_MAX = 2**53 - 1

# What one evaluation may take and make. A unit of cost is about ten nanoseconds.
EVALUATION_COST_MAX = 1_000_000
LIST_ITEMS_MAX = 100_000
STRING_CHARS_MAX = 4 << 20
VALUE_DEPTH_MAX = 128

# What a JSON Schema of an author may be, and how much it may make a validator look at. A validator
# cannot be interrupted, so what it is given is bounded.
SCHEMA_BYTES_MAX = 32 << 10
SCHEMA_DEPTH_MAX = 16
SCHEMA_REFS_MAX = 64
SCHEMA_NESTED_MAX = 100  # schemas in one another, `$ref`s followed
SCHEMA_LOOKS_MAX = 200  # at one place of a value
SCHEMA_WORK_MAX = 500_000  # looks at all places of a value
SCHEMA_MATCHED_CHARS_MAX = 64 << 10  # of a value that patterns or formats are held against
REGEX_CHARS_MAX = 512
REGEX_BYTES_MAX = 1 << 20  # of one as a program
REGEXES_BYTES_MAX = 16 << 20  # of all on a page, each counted as 16 KiB at least
