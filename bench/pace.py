"""The pace of a machine, to hold figures of two machines against each other."""

import time

PACE_STEPS = 10_000_000


def pace() -> str:
    """Say how fast this machine runs Python: figures of two machines compare as these times do.

    The loop adds up the lowest three bits of the first ten million integers.
    """
    began, total = time.process_time(), 0
    for number in range(PACE_STEPS):
        total += number & 7
    seconds = time.process_time() - began
    return f"pace: {PACE_STEPS} steps of a plain loop take {seconds:.2f} s (sum {total})"
