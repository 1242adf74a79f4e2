"""The rule of tests/conftest.py, tried on suites of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = {
    "a test": (
        "tests/test_a.py",
        "import pytest\n\n@pytest.mark.skip('no luck')\ndef test_a():\n    pass\n",
        "was skipped: Skipped: no luck",
    ),
    "from inside": (
        "tests/test_a.py",
        "import pytest\n\ndef test_a():\n    pytest.skip('no luck')\n",
        "was skipped: Skipped: no luck",
    ),
    "a whole file": (
        "tests/test_a.py",
        "import pytest\n\npytest.importorskip('no_such_package')\n",
        "was skipped: Skipped: could not import 'no_such_package'",
    ),
    "a doctest of a room": (
        "room/a.py",
        "def f():\n    '''\n    >>> f()  # doctest: +SKIP\n    '''\n",
        "was skipped: Skipped: all tests skipped by +SKIP option",
    ),
}


def suite(root: Path, name: str, text: str) -> subprocess.CompletedProcess[str]:
    (root / "tests").mkdir()
    (root / "room").mkdir()
    shutil.copy(Path(__file__).with_name("conftest.py"), root / "tests")
    (root / name).write_text(text)
    (root / "pytest.ini").write_text(
        "[pytest]\ntestpaths = tests room\naddopts = --import-mode=importlib --doctest-modules\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "text", "complaint"), SKIPPING.values(), ids=SKIPPING)
def test_a_skip_is_a_failure_that_says_why(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    done = suite(tmp_path, name, text)
    assert done.returncode != 0
    assert complaint in done.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    text = "import pytest\n\n@pytest.mark.xfail\ndef test_a():\n    raise ValueError\n"
    assert suite(tmp_path, "tests/test_a.py", text).returncode == 0
