"""Folders for values that do not fit in memory."""

import os
import subprocess
import sys

from api.spill import spill_folder


def test_what_a_dead_process_left_is_removed_and_a_living_ones_is_kept(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    for pid in (dead.pid, os.getppid()):
        (tmp_path / "values" / str(pid)).mkdir(parents=True)
        (tmp_path / "values" / str(pid) / "value").write_bytes(b"1")
    own = spill_folder(tmp_path)
    assert own == tmp_path / "values" / str(os.getpid())
    assert {path.name for path in (tmp_path / "values").iterdir()} == {str(os.getppid())}


def test_a_fresh_data_folder_stays_untouched(tmp_path):
    spill_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []
