"""Where one process puts values that do not fit in memory, and what dead ones left there."""

import os
import shutil
from pathlib import Path


def spill_folder(data: Path) -> Path:
    """Return a folder of this process's own; remove those of processes that are gone.

    Several processes may share `data`, and one that was killed could not tidy up.
    """
    folder = data / "values"
    for left in folder.glob("*") if folder.is_dir() else ():
        if left.name.isdigit() and not _alive(int(left.name)):
            shutil.rmtree(left, ignore_errors=True)
    return folder / str(os.getpid())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
