"""`vllm serve` as a program: its command line, its environment, and why it has ended. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from executors.engines.kept_process import Program
from spec.values import JSON

HOST = "127.0.0.1"
#: Beginnings of the names in our environment that vLLM, or what is below it, reads.
INHERITED = (
    "PATH", "HOME", "USER", "LANG", "LC_", "TMPDIR", "LD_LIBRARY_PATH", "XDG_",
    "VLLM_", "HF_", "TRANSFORMERS_", "TORCH", "CUDA_", "NVIDIA_", "NCCL_", "GLOO_", "ROCR_", "HIP_",
    "OMP_", "MKL_", "KMP_", "TRITON_",
)  # fmt: skip
_DETAIL_CHARS_MAX = 300
_KINDS: Mapping[str, tuple[str, ...]] = {
    # Priorities cost nothing where no request has one; the others are told only if asked for.
    "llm": (
        "--scheduling-policy", "priority",
        "--enable-prompt-tokens-details", "--enable-tokenizer-info-endpoint",
    ),
    "embedding": ("--runner", "pooling"),
    "rerank": ("--runner", "pooling"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Serving:
    """What one replica serves, and on what.

    `gpus` are the numbers of its devices, all that there are where it is empty. `flags` are more of
    vLLM's own, without the dashes: true and false switch one on and off, objects go as JSON.
    """

    kind: str
    model: str
    program: str = "vllm"
    port: int | None = None
    gpus: tuple[int, ...] = ()
    dtype: str | None = None
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    flags: Mapping[str, JSON] = field(default_factory=dict)


def program_of(serving: Serving, port: int, key: str, inherited: Mapping[str, str]) -> Program:
    """Return how to start a server on this port of the loopback that wants `key`.

    The key goes by the environment: command lines are for all to see.
    """
    command = [serving.program, "serve", serving.model, "--host", HOST, "--port", str(port)]
    command += ["--served-model-name", serving.model, "--disable-uvicorn-access-log"]
    command += _KINDS[serving.kind]
    if serving.dtype is not None:
        command += ["--dtype", serving.dtype]
    command += ["--tensor-parallel-size", str(serving.tensor_parallel)]
    command += ["--pipeline-parallel-size", str(serving.pipeline_parallel)]
    for name, value in serving.flags.items():
        command += _flag(name, value)
    devices = {"CUDA_VISIBLE_DEVICES": ",".join(map(str, serving.gpus))} if serving.gpus else {}
    settled = {"VLLM_API_KEY": key, "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    return Program(command, {**inherited, **devices, **settled})


def _flag(name: str, value: JSON) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    text = json.dumps(value) if isinstance(value, dict | list) else str(value)
    return [f"--{name}", text]


def why_ended(how: str, lines: Sequence[str]) -> str:
    """Return why a server has ended; of one that gave up, the last line that names an error.

    >>> why_ended("ended with status 1", ["(APIServer) ValueError: too long", "bye"])
    'vLLM ended with status 1: ValueError: too long'
    """
    if "signal" in how:
        return f"vLLM {how}"
    said = next((line for line in reversed(lines) if "Error: " in line), "")
    if not said:
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f"vLLM {how}{': ' * bool(last)}{last.strip()}"[:_DETAIL_CHARS_MAX]
    head, _, tail = said.partition("Error: ")
    return f"vLLM {how}: {head.split()[-1]}Error: {tail.strip()}"[:_DETAIL_CHARS_MAX]
