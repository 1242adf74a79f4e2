"""The tiny models are the same whenever they are made."""

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.vllm.servers import CHECKPOINTS, ROOT

pytestmark = pytest.mark.vllm


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".made")
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def test_made_again_they_are_the_same_byte_for_byte(tmp_path):
    script = [ROOT / ".venv-vllm/bin/python", "-m", "tests.vllm.checkpoints", tmp_path]
    subprocess.run(script, check=True, cwd=ROOT)
    made = digests(tmp_path)
    assert {name.partition("/")[0] for name in made} == {"chat", "embedding", "rerank"}
    assert made == digests(CHECKPOINTS)
