"""One order of work per file: pure functions from a queue to the next batch."""
