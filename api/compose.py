"""The composition root: the one place where settings become a house.

Constructing an engine loads nothing; it loads when its first batch comes.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from api.engines_file import BadEngines
from api.house import House
from api.library import Library
from api.logs import log_bug, log_run
from api.metrics import Metrics
from api.plans import Plans
from api.pools import declared, known_pools, make_pools
from api.settings import Settings, environment_of, environment_variable
from api.shipped import workflows_folder
from api.spill import spill_folder
from api.streaming import Streams
from executors.collections import Collections
from executors.errors import StorageFailed
from executors.memo import Memo
from executors.observing import Observer
from executors.pools import Pool
from executors.reader import Reader
from executors.runner import Runner, RunnerLimits
from executors.store.files import FileLimits, Files
from executors.store.memory import MemoryRunStore, RunLimits
from executors.store.workflows import Workflows
from executors.values import Values
from planner.registry import Registry

INTAKE_MAX = 8


def compose(settings: Settings) -> House:
    """Return the house with the engines that its operator declared, embedded ones for the rest.

    Raise `BadEngines` for what is declared wrong and `StorageFailed` as `open_collections` does.
    """
    pools = declared(settings)
    collections = open_collections(settings)
    try:
        made = make_pools(pools, collections, environment_variable, environment_of)
    except BadEngines:
        collections.close()
        raise
    return assemble(settings, made, collections)


def open_collections(settings: Settings) -> Collections:
    """Return what is kept in the data folder. Raise `StorageFailed` when it cannot be used."""
    try:
        return Collections(settings.data / "collections")
    except OSError as error:
        detail = f"{settings.data} cannot be used: {error.strerror}."
        raise StorageFailed(detail, "Set TEOLA_DATA or --data to another folder.") from None


def assemble(
    settings: Settings,
    pools: Sequence[Pool],
    collections: Collections,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> House:
    """Return a house over these pools. The first pool of a kind is the one used by default."""
    workflows = Workflows()
    runs = MemoryRunStore(now, _run_limits(settings), log_run)
    sweeper = ThreadPoolExecutor(1, thread_name_prefix="sweeper")
    spill = spill_folder(settings.data)
    memo = Memo(settings.memo_bytes_max)
    plans = Plans(settings.plans_max, settings.plans_bytes_max)
    metrics = Metrics(pools, lambda: runner.pools(), memo, plans)
    limits = _runner_limits(settings)
    values = Values(spill, settings.values_bytes_max, settings.value_bytes_max)

    def swept(run: str) -> None:
        sweeper.submit(collections.drop_private, run)

    runner = Runner(
        pools, runs, values, memo, limits, _new_run_id, now, swept, log_bug, metrics.watch
    )
    return House(
        settings=settings,
        runner=runner,
        runs=runs,
        files=Files(now, _file_limits(settings)),
        workflows=workflows,
        collections=collections,
        sweeper=sweeper,
        library=_library(settings, pools, workflows, plans, runner.observer),
        metrics=metrics,
        streams=Streams(settings.streams_max),
        uploads=asyncio.Semaphore(settings.uploads_max),
        reader=Reader(settings.read_s_max, settings.read_memory_bytes_max),
        spill=spill,
        intake=asyncio.Semaphore(INTAKE_MAX),
        now=now,
    )


def _library(
    settings: Settings,
    pools: Sequence[Pool],
    workflows: Workflows,
    plans: Plans,
    observer: Observer,
) -> Library:
    known = known_pools(pools)
    shipped = Registry.from_folder(workflows_folder() / "modules", frozenset(known.kinds))
    return Library(shipped, known, workflows, log_bug, plans, settings.passes(), observer)


def _runner_limits(settings: Settings) -> RunnerLimits:
    return RunnerLimits(
        runs_max=settings.runs_live_max,
        deadline_s=settings.run_s_max,
        journal_entries_max=settings.journal_entries_max,
        retry_after_s=1,
    )


def _new_run_id() -> str:
    return f"run_{secrets.token_hex(12)}"


def _run_limits(settings: Settings) -> RunLimits:
    return RunLimits(
        runs_max=settings.runs_max,
        live_max=settings.runs_live_max,
        bytes_max=settings.runs_bytes_max,
        age_max=settings.age("runs_age_s_max"),
    )


def _file_limits(settings: Settings) -> FileLimits:
    return FileLimits(
        files_max=settings.files_max,
        bytes_max=settings.files_bytes_max,
        age_max=settings.age("files_age_s_max"),
    )
