"""Golden files: text that is expected to the byte.

Run tests with `TEOLA_GOLDEN=write` to write what they find, and read in the diff what changed.
"""

import os
from pathlib import Path


def assert_golden(path: Path, found: str) -> None:
    """Hold what a test `found` to the file at `path`; a writing run makes that file."""
    if os.environ.get("TEOLA_GOLDEN") == "write":
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8"), f"{path.name}: TEOLA_GOLDEN=write writes it anew"
