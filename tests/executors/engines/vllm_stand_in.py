"""A program that is started like `vllm serve`, and lives and dies as its model is called.

It answers as `openai_server` and `vllm_paths` do, to whoever has its key, and writes its process
into a file.

- `steady` serves.
- `absent` gives up, as vLLM does for a model that is not there.
- `endless` never gets ready.
- `hasty` answers that the request is bad, whatever it is.
- `silent` serves, and does not tell what its tokenizer knows.
- `stuck` lets every call but the smallest wait for ever, while it gets on with others.
"""

import argparse
import os
import shlex
import sys
import threading
from itertools import count
from pathlib import Path

from tests.executors.engines.openai_server import EVENTS, LocalServer, Play, Seen, chunk
from tests.executors.engines.vllm_paths import with_vllm_paths

ROOT = Path(__file__).parents[3]
PIDS = "STAND_IN_PIDS"
BAD = {"error": {"message": "temperature must be finite"}}
PAGE = """# HELP vllm:num_requests_running Requests in the engine.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",model_name="m"}} 2.0
vllm:num_requests_running{{engine="1",model_name="m"}} 1.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{{engine="0",model_name="m"}} 0.25
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{{engine="0",model_name="m"}} {tokens}.0
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{{engine="0",model_name="m"}} 64.0
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{{engine="0",model_name="m"}} 32.0
# TYPE vllm:cache_config_info gauge
vllm:cache_config_info{{block_size="4",engine="0"}} 1.0
"""


def program_in(folder: Path) -> Path:
    """Make the program in `folder`; the processes that come of it are told in its file `pids`."""
    told, code, python = map(shlex.quote, map(str, (folder / "pids", ROOT, sys.executable)))
    program = folder / "vllm"
    program.write_text(
        f"#!/bin/sh\nexport {PIDS}={told} PYTHONPATH={code}\n"
        f'exec {python} -m tests.executors.engines.vllm_stand_in "$@"\n'
    )
    program.chmod(0o755)
    return program


def pids_in(folder: Path) -> list[int]:
    """Return every process that has been started, in order."""
    told = folder / "pids"
    return list(map(int, told.read_text().split())) if told.exists() else []


def main() -> None:
    """Serve, or do not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["serve"])
    parser.add_argument("model")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    asked, _ = parser.parse_known_args()
    with Path(os.environ[PIDS]).open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    if asked.model == "absent":
        sys.exit("ValueError: there is no model absent\nbye")
    if asked.model == "endless":
        threading.Event().wait()
    server = LocalServer(asked.port)
    server.otherwise = answering(asked.model, os.environ["VLLM_API_KEY"])
    with server.up():
        print("up", flush=True)  # noqa: T201  # as such programs do
        threading.Event().wait()


def answering(model: str, key: str):
    pages = count(1)

    def answer(seen: Seen) -> Play:
        if seen.path == "/metrics":
            tokens = next(pages) if model == "stuck" else 7
            return Play((PAGE.format(tokens=tokens).encode(),), media="text/plain")
        if seen.path == "/tokenizer_info":  # with whoever asks, as vLLM does
            return with_vllm_paths(seen) if model != "silent" else Play.of({"tokenizer_class": "T"})
        if seen.headers.get("authorization") != f"Bearer {key}":
            return Play.of({"error": {"message": "who are you?"}}, status=401)
        if model == "hasty":
            return Play.of(BAD, status=400)
        if "messages" in seen.body and seen.body["messages"][-1]["content"] == "Begin":
            return Play.events(chunk(seen.body, {"content": "Well"}), stalls=True)
        if model == "stuck" and seen.body.get("max_tokens") != 1:
            return Play(media=EVENTS, stalls=True)
        return with_vllm_paths(seen)

    return answer


if __name__ == "__main__":
    main()
