"""From settings to pools: those the operator declared, and embedded ones for the kinds left out.

Constructing an engine loads nothing; it loads when its first batch comes.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from api.engines_file import EnginesFile, PoolSetting, read_engines
from api.settings import Settings
from api.vllm_pools import vllm
from executors.collections import Collections
from executors.documents import split
from executors.engines import corpus, embedded_rerank, extractive, faiss_index, minilm
from executors.engines.control_tokens import ControlTokens
from executors.engines.emulated import Emulated
from executors.engines.emulation.calls import Lengths
from executors.engines.emulation.profiles import (
    PROFILES,
    BatchProfile,
    kind_of,
    sped_up,
    with_numbers,
)
from executors.engines.engine import Batch, Emission, Engine, EngineTraits
from executors.engines.http_client import Endpoint, Timeouts
from executors.engines.inline import Inline
from executors.engines.openai import OpenAI
from executors.engines.openai_dialects import DIALECTS, Dialect
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model
from executors.engines.openai_rerank import OpenAIRerank
from executors.engines.searxng import Searxng
from executors.engines.vllm_serve import INHERITED
from executors.pools import Pool
from planner.costs import costs_of
from planner.graph import PoolName
from planner.pools import BLOCK_TOKENS, Pools
from spec.durations import milliseconds

QUEUE_MAX = 20_000
LLM_SLOTS = 32
SLOTS = 4

#: Options of a pool, and the field that each sends beside OpenAI's API.
_BESIDE: Mapping[str, str] = MappingProxyType(
    {"priorities": "priority", "cache_per_tenant": "cache_salt"}
)
_EMBEDDED = (
    PoolSetting("embedding", "embedding", "minilm"),
    PoolSetting("vector", "vector", "faiss"),
    PoolSetting("llm", "llm", "extractive"),
    PoolSetting("rerank", "rerank", "embedded"),
)


@dataclass(frozen=True, slots=True)
class Declared:
    """Every pool there is to be, those used by default first. `file` is None without one."""

    pools: tuple[PoolSetting, ...]
    file: EnginesFile | None

    def names(self) -> Pools:
        """Return what plans may name, without making anything."""
        kinds = {PoolName("inline"): "inline"} | {
            PoolName(pool.name): pool.kind for pool in self.pools
        }
        return Pools(kinds, {kind: name for name, kind in reversed(kinds.items())})

    def embedding_model(self) -> str | None:
        """Return what makes all vectors, if one model does: vectors of two are never compared."""
        models = {model_of(pool) for pool in self.pools if pool.kind == "embedding"}
        return models.pop() if len(models) == 1 else None


def declared(settings: Settings) -> Declared:
    """Return the pools that `settings` ask for. Raise `BadEngines`."""
    file = read_engines(settings.engines) if settings.engines is not None else None
    given = file.pools if file else ()
    embedded: Sequence[PoolSetting] = _EMBEDDED
    if settings.corpus is not None:
        folder = {"folder": str(settings.corpus)}
        embedded = (*embedded, PoolSetting("web", "web", "corpus", folder))
    kinds = {pool.kind for pool in given}
    every = [*given, *(pool for pool in embedded if pool.kind not in kinds)]
    return Declared(tuple(sorted(every, key=lambda pool: not pool.default)), file)


def make_pools(
    pools: Declared,
    collections: Collections,
    key: Callable[[str], str | None],
    environment: Callable[[Sequence[str]], Mapping[str, str]],
) -> tuple[Pool, ...]:
    """Return the pools. Raise `BadEngines`.

    `key` reads a variable of the environment, `environment` those whose names begin so.
    """
    parts = _Parts(pools, collections, key, environment, minilm.MiniLM())
    inline = Inline(split, minilm.Tokenizer().tokenize)
    first = Pool(PoolName("inline"), "inline", "fifo", (inline,), 1, QUEUE_MAX)
    return (first, *(_pool(setting, parts) for setting in pools.pools))


def known_pools(pools: Sequence[Pool]) -> Pools:
    """Return what plans may name and rely on. The first pool of a kind is the one by default."""
    return Pools(
        kinds={pool.name: pool.kind for pool in pools},
        default={pool.kind: pool.name for pool in reversed(pools)},
        facts={pool.name: pool.facts for pool in pools},
    )


def model_of(setting: PoolSetting) -> str:
    """Return what a pool's engine says it is, without making one."""
    if setting.adapter == "emulated":
        return f"emulated {setting.options['profile']}"
    return str(setting.options.get("model") or _MODELS.get(setting.adapter, setting.adapter))


def timeouts_of(setting: PoolSetting) -> Timeouts:
    """Return how long a pool waits for its server."""
    given = setting.options.get("timeouts", {})
    seconds = {f"{name}_s": (milliseconds(text) or 0) / 1000 for name, text in given.items()}
    return Timeouts(**seconds)


@dataclass(slots=True)
class _Parts:
    """What engines are made of. `model` is shared by all that need meanings of texts."""

    pools: Declared
    collections: Collections
    key: Callable[[str], str | None]
    environment: Callable[[Sequence[str]], Mapping[str, str]]
    model: minilm.MiniLM
    is_placed: bool = False
    replicas: Counter[str] = field(default_factory=Counter)

    def endpoint(self, setting: PoolSetting) -> Endpoint:
        """Return where the server of a pool is. Raise `BadEngines` when its key is not there."""
        variable = setting.options.get("api_key_env")
        key = self.key(variable) if variable else None
        if variable and not key and self.pools.file is not None:
            detail = f"the environment variable {variable} is not set"
            raise self.pools.file.problem(setting.name, "api_key_env", detail)
        return Endpoint(setting.options["endpoint"], key, timeouts_of(setting))

    def dialect(self, setting: PoolSetting) -> Dialect:
        """Return how the server of a pool differs. Raise `BadEngines` where it lacks an option."""
        server = setting.options.get("server", "any")
        dialect = DIALECTS[server]
        for option, sent in _BESIDE.items():
            lacks = setting.options.get(option) and sent not in dialect.beside
            if lacks and self.pools.file is not None:
                detail = f"servers of the kind '{server}' know no `{sent}`"
                raise self.pools.file.problem(setting.name, option, detail)
        return dialect

    def number(self, setting: PoolSetting) -> int:
        """Return which replica of a pool is made now, from 0."""
        self.replicas[setting.name] += 1
        return self.replicas[setting.name] - 1

    def embedder(self) -> minilm.MiniLM:
        """Return the shared model first, then models of their own."""
        if self.is_placed:
            return minilm.MiniLM()
        self.is_placed = True
        return self.model


@dataclass(frozen=True, slots=True)
class _Leaning:
    """An engine that leans on a model which no pool may have; stopping it stops both."""

    engine: Engine
    model: minilm.MiniLM

    @property
    def traits(self) -> EngineTraits:
        return self.engine.traits

    async def start(self) -> None:
        await self.engine.start()

    def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        return self.engine.run(batch)

    async def stop(self) -> None:
        await self.engine.stop()
        await self.model.stop()


def _pool(setting: PoolSetting, parts: _Parts) -> Pool:
    make = _ADAPTERS[setting.kind, setting.adapter]
    replicas: Sequence[Engine] = [
        make(setting, parts) for _ in range(setting.options.get("replicas", 1))
    ]
    batched = setting.kind in ("embedding", "vector")
    rows = min(64, replicas[0].traits.batch_rows_max) if batched else 1
    costs = setting.options.get("costs")
    return Pool(
        name=PoolName(setting.name),
        kind=setting.kind,
        policy=setting.options.get("policy", "throughput" if batched else "fifo"),
        replicas=tuple(replicas),
        batch_rows=setting.options.get("batch_rows", rows),
        queue_max=setting.options.get("queue_max", QUEUE_MAX),
        costs=costs_of(setting.kind, costs) if costs else None,
        block_tokens=setting.options.get("block_tokens", BLOCK_TOKENS),
    )


def _openai(setting: PoolSetting, parts: _Parts) -> Engine:
    options = setting.options
    model = Model(
        options["model"],
        api=options.get("api", "chat"),
        structured=options.get("structured", False),
        priorities=options.get("priorities", False),
        cache_per_tenant=options.get("cache_per_tenant", False),
        block_tokens=options.get("block_tokens"),
        control=ControlTokens(tuple(options.get("control_tokens", ()))),
        dialect=parts.dialect(setting),
    )
    return OpenAI(parts.endpoint(setting), model, options.get("slots", LLM_SLOTS))


def _emulated(setting: PoolSetting, _: _Parts) -> Engine:
    options = setting.options
    profile = with_numbers(PROFILES[options["profile"]], options.get("numbers", {}))
    if isinstance(profile, BatchProfile) and "passage_tokens" in options:
        profile = replace(profile, passage_tokens=options["passage_tokens"])
    names = {"reply_tokens": "median", "reply_sigma": "sigma", "item_tokens": "item"}
    lengths = Lengths(**{name: options[key] for key, name in names.items() if key in options})
    return Emulated(sped_up(profile, options.get("speed", 1.0)), lengths)


def _openai_embeddings(setting: PoolSetting, parts: _Parts) -> Engine:
    options = setting.options
    slots, dimension = options.get("slots", SLOTS), options.get("dimension")
    endpoint, dialect = parts.endpoint(setting), parts.dialect(setting)
    return OpenAIEmbeddings(endpoint, options["model"], slots, dimension, dialect)


def _openai_rerank(setting: PoolSetting, parts: _Parts) -> Engine:
    options = setting.options
    slots, api = options.get("slots", SLOTS), options.get("api", "rerank")
    return OpenAIRerank(parts.endpoint(setting), options["model"], slots, api)


def _vllm(setting: PoolSetting, parts: _Parts) -> Engine:
    number, environment = parts.number(setting), parts.environment(INHERITED)
    return vllm(setting, number, timeouts_of(setting), environment, parts.pools.file)


_ADAPTERS: Mapping[tuple[str, str], Callable[[PoolSetting, _Parts], Engine]] = MappingProxyType(
    {
        **{(kind_of(profile), "emulated"): _emulated for profile in PROFILES.values()},
        **{(kind, "vllm"): _vllm for kind in ("llm", "embedding", "rerank")},
        ("llm", "openai"): _openai,
        ("llm", "extractive"): lambda _, parts: _Leaning(
            extractive.Extractive(parts.model.embed), parts.model
        ),
        ("embedding", "openai"): _openai_embeddings,
        ("embedding", "minilm"): lambda _, parts: parts.embedder(),
        ("rerank", "openai_rerank"): _openai_rerank,
        ("rerank", "embedded"): lambda _, parts: _Leaning(
            embedded_rerank.EmbeddedRerank(parts.model.embed), parts.model
        ),
        ("vector", "faiss"): lambda _, parts: faiss_index.FaissIndex(
            parts.collections, parts.pools.embedding_model()
        ),
        ("web", "corpus"): lambda setting, _: corpus.Corpus(Path(setting.options["folder"])),
        ("web", "searxng"): lambda setting, parts: Searxng(
            parts.endpoint(setting), setting.options.get("slots", SLOTS)
        ),
    }
)
_MODELS: Mapping[str, str] = MappingProxyType(
    {
        "extractive": extractive.TRAITS.model,
        "minilm": minilm.TRAITS.model,
        "embedded": embedded_rerank.TRAITS.model,
        "faiss": faiss_index.TRAITS.model,
        "corpus": corpus.TRAITS.model,
        "searxng": "SearXNG",
    }
)
