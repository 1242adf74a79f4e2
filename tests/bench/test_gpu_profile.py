"""The script for a machine with a GPU, as far as it can be checked without one."""

import re
import subprocess
from pathlib import Path

from api.engines_file import read_engines

SCRIPT = Path(__file__).parents[2] / "bench" / "gpu_profile.sh"


def test_it_is_a_script_that_bash_can_read():
    done = subprocess.run(["bash", "-n", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert SCRIPT.stat().st_mode & 0o111


def test_the_engines_that_it_declares_can_be_read(tmp_path):
    (page,) = re.findall(r"<<YAML\n(.*?)^YAML$", SCRIPT.read_text(), re.M | re.S)
    (vllm,) = re.findall(r'^vllm="(.*)"$', SCRIPT.read_text(), re.M)
    path = tmp_path / "engines.yaml"
    # Models and the folder of vLLM's environment are the environment's.
    path.write_text(re.sub(r"\$\w+", "x", page.replace("$vllm", vllm)))
    pools = read_engines(path).pools
    assert [pool.kind for pool in pools] == ["llm", "embedding", "rerank"]
    script = SCRIPT.read_text()
    assert all(re.search(rf"\b{pool.name}\b", script.partition("YAML\n\n")[2]) for pool in pools)
