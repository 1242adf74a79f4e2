"""From what engines.yaml says of a `vllm` pool to replicas that start their own servers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from api.engines_file import EnginesFile, PoolSetting
from executors.engines.control_tokens import ControlTokens
from executors.engines.engine import Engine
from executors.engines.http_client import Endpoint, Timeouts
from executors.engines.openai import OpenAI
from executors.engines.openai_dialects import DIALECTS
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model
from executors.engines.openai_rerank import OpenAIRerank
from executors.engines.vllm import Vllm
from executors.engines.vllm_language import VllmLanguage
from executors.engines.vllm_serve import Serving
from spec.durations import milliseconds

PROGRAM = "vllm"
#: A large model is read from a disk, and its graphs are captured, before the first call.
START_S = 900.0
_LLM_SLOTS = 64
_SLOTS = 8


def vllm(
    setting: PoolSetting,
    number: int,
    timeouts: Timeouts,
    environment: Mapping[str, str],
    file: EnginesFile | None,
) -> Engine:
    """Return replica `number` of a pool. Raise `BadEngines` where it has no devices of its own."""
    options = setting.options
    gpus = options.get("gpus")
    if file is not None and gpus is not None and len(gpus) != options.get("replicas", 1):
        detail = f"{len(gpus)} lists of devices are not one for each of the replicas"
        raise file.problem(setting.name, "gpus", detail)
    serving = Serving(
        kind=setting.kind,
        model=options["model"],
        program=options.get("program", PROGRAM),
        port=options["port"] + number if "port" in options else None,
        gpus=tuple(gpus[number]) if gpus else (),
        dtype=options.get("dtype"),
        tensor_parallel=options.get("tensor_parallel", 1),
        pipeline_parallel=options.get("pipeline_parallel", 1),
        flags=options.get("flags", {}),
    )
    start_ms = milliseconds(options.get("start_within", ""))
    start_s = START_S if start_ms is None else start_ms / 1000
    if setting.kind != "llm":
        return Vllm(lambda at: _client(setting, at), serving, timeouts, environment, start_s)
    model = _model(options)
    slots = options.get("slots", _LLM_SLOTS)
    # Where the author writes the whole prompt, its marks are not ours to take apart.
    is_told = "control_tokens" in options or model.api == "completions"
    return VllmLanguage(
        lambda at, control: OpenAI(at, replace(model, control=control), slots),
        serving, timeouts, environment, start_s, model.control if is_told else None,
    )  # fmt: skip


def _client(setting: PoolSetting, at: Endpoint) -> Engine:
    client = OpenAIEmbeddings if setting.kind == "embedding" else OpenAIRerank
    return client(at, setting.options["model"], setting.options.get("slots", _SLOTS))


def _model(options: Mapping[str, Any]) -> Model:
    flags = options.get("flags", {})
    return Model(
        options["model"],
        api=options.get("api", "chat"),
        structured=True,  # it can always be held to a schema: vLLM has grammars built in
        priorities=flags.get("scheduling-policy", "priority") == "priority",
        cache_per_tenant=options.get("cache_per_tenant", True),
        dialect=DIALECTS["vllm"],
        control=ControlTokens(tuple(options.get("control_tokens", ()))),
    )
