"""Options that we name are options that vLLM has: those of engines.yaml, and those of deploy/."""

import json
import os
import re
import subprocess

import pytest

from api.engines_file import SCHEMA
from executors.engines.vllm_serve import Serving, program_of
from tests.test_deploy import SERVERS
from tests.vllm.servers import VLLM

pytestmark = pytest.mark.vllm


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Every option of `vllm serve`, as it lists them itself."""
    quiet = {**os.environ, "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    listed = subprocess.run(
        [VLLM, "serve", "--help=all"], env=quiet, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"--[a-z0-9][a-z0-9-]*", listed.stdout))


def test_every_flag_that_an_operator_may_set_is_one(known):
    flags = json.loads(SCHEMA.read_text())["$defs"]["vllm_flags"]["properties"]
    assert {f"--{flag}" for flag in flags} - known == set()


@pytest.mark.parametrize("kind", ["llm", "embedding", "rerank"])
def test_every_option_that_we_start_it_with_is_one(known, kind):
    command = program_of(Serving(kind, "m", dtype="auto"), 1, "k", {}).command
    assert {word for word in command if word.startswith("--")} - known == set()


@pytest.mark.parametrize("name", SERVERS)
def test_every_option_in_deploy_is_one(known, name):
    options = {word.partition("=")[0] for word in SERVERS[name]["command"][1:]}
    assert options - known == set()
