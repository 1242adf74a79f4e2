"""What the command line says to a shell when it ends."""

from enum import IntEnum


class Exit(IntEnum):
    """What the process says when it ends."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_VALID = 3
    PORT_TAKEN = 4
