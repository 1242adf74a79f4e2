"""`teola engines profile`: measures a pool through its own engine, and writes what it found."""

import asyncio
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli_profile_show import as_data, show
from api.engines_edit import NotEditable, flow_text, with_costs
from api.engines_file import BadEngines, PoolSetting
from api.exit_codes import Exit
from api.pools import Declared, declared, make_pools, model_of
from api.settings import Settings, environment_of, environment_variable
from executors.collections import Collections
from executors.engines.engine import Engine, EngineFailed
from executors.profiling.fit import TooFew
from executors.profiling.measuring import Moved, TooShort, Wanted, profile
from executors.profiling.profile import Profile
from executors.profiling.trials import LONGEST_MIN
from planner.costs import BatchCosts, LanguageCosts
from spec.durations import milliseconds
from spec.problems import nearest
from spec.source import Media, Source

KINDS = ("llm", "embedding", "rerank")


class BadRequest(Exception):
    """What was asked for cannot be done; the message says why, and what can be."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options. `within` is a duration, the others are tokens; `is_printed`: change no file."""

    pool: str
    within: str
    longest: int
    row_tokens: int
    is_printed: bool
    as_json: bool


def profile_pool(settings: Settings, asked: Asked) -> Exit:
    """Measure a pool, show what was found, write it; return what the process should say."""
    try:
        pools = declared(settings)
        setting, wanted = _setting(pools, asked), _wanted(asked)
        source = None if asked.is_printed else _source(settings, pools, setting)
        engine = _engine(pools, setting)
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    except BadRequest as error:
        sys.stderr.write(f"teola: {error}\n")
        return Exit.USAGE
    try:
        found = _measured(engine, setting, wanted, is_watched=not asked.as_json)
    except EngineFailed as error:
        sys.stderr.write(f"teola: {setting.name} failed with {error.code}: {error}\n")
        return Exit.FAILED
    except (TooShort, TooFew) as error:
        sys.stderr.write(f"teola: {_too_little(error, setting, asked)}\n")
        return Exit.FAILED
    return _tell(asked, setting, source, found)


def _setting(pools: Declared, asked: Asked) -> PoolSetting:
    known = {pool.name: pool for pool in pools.pools if pool.kind in KINDS}
    setting = {pool.name: pool for pool in pools.pools}.get(asked.pool)
    if setting is None:
        hint = nearest(asked.pool, list(known))
        cure = f"did you mean '{hint}'?" if hint else f"there are {', '.join(sorted(known))}"
        raise BadRequest(f"there is no pool '{asked.pool}'; {cure}")
    if setting.kind not in KINDS:
        kinds = ", ".join(KINDS)
        raise BadRequest(f"'{setting.name}' is {setting.kind}; what can be measured is {kinds}")
    return setting


def _wanted(asked: Asked) -> Wanted:
    within_ms = milliseconds(asked.within)
    if within_ms is None:
        raise BadRequest(f"--within wants a duration such as 90s or 5m, not '{asked.within}'")
    if asked.longest < LONGEST_MIN:
        raise BadRequest(f"--longest wants {LONGEST_MIN} tokens or more, not {asked.longest}")
    return Wanted(within_ms / 1000, asked.longest, asked.row_tokens)


def _source(settings: Settings, pools: Declared, setting: PoolSetting) -> Source:
    """Return the file to be changed, known to be changeable before anything is measured."""
    cure = "--print shows the costs instead"
    if settings.engines is None or pools.file is None or setting not in pools.file.pools:
        raise BadRequest(f"no file declares '{setting.name}': name one in TEOLA_ENGINES; {cure}")
    path = settings.engines
    try:
        media: Media = "json" if path.suffix == ".json" else "yaml"
        source = Source(str(path), path.read_bytes(), media)
        with_costs(source, setting.name, asdict(_any_costs(setting)))
    except OSError as error:
        raise BadRequest(f"cannot read {path}: {error.strerror}") from None
    except NotEditable as error:
        raise BadRequest(f"{path} cannot be changed safely: {error}; {cure}") from None
    if not os.access(path.resolve().parent, os.W_OK):
        raise BadRequest(f"{path.resolve().parent} cannot be written to; {cure}")
    return source


def _any_costs(setting: PoolSetting) -> LanguageCosts | BatchCosts:
    return LanguageCosts(1, 1, 1, 1, 1, 1) if setting.kind == "llm" else BatchCosts(1, 1, 1)


def _engine(pools: Declared, setting: PoolSetting) -> Engine:
    """Return one replica, made as the service makes it; none of these asks for a collection."""
    alone = replace(pools, pools=(setting,))
    made = make_pools(alone, Collections(None), environment_variable, environment_of)
    return made[-1].replicas[0]


def _measured(engine: Engine, setting: PoolSetting, wanted: Wanted, *, is_watched: bool) -> Profile:
    async def measure(moved: Moved) -> Profile:
        try:
            await engine.start()
            return await profile(engine, wanted, secrets.token_hex(4), time.perf_counter, moved)
        finally:
            await engine.stop()

    with _bar(setting.name, is_shown=is_watched and sys.stderr.isatty()) as moved:
        return asyncio.run(measure(moved))


@contextmanager
def _bar(pool: str, *, is_shown: bool) -> Iterator[Moved]:
    """Show how far it has come on a terminal; it may be over before the end, its time being up."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not is_shown) as progress:
        task = progress.add_task(f"{pool}: starting", total=None)

        def moved(done: int, planned: int) -> None:
            what = f"{pool}: {done} of at most {planned} measurements"
            progress.update(task, description=what, completed=done, total=planned)

        yield moved


def _too_little(error: TooShort | TooFew, setting: PoolSetting, asked: Asked) -> str:
    cures = {"llm": f"a shorter --longest than {asked.longest}"}
    cure = cures.get(setting.kind, f"a smaller --row-tokens than {asked.row_tokens}")
    if isinstance(error, TooShort):
        return f"{error}; give more time than --within {asked.within}, or {cure}"
    return f"too many of the measurements cannot be made on {setting.name}; try {cure}"


def _tell(asked: Asked, setting: PoolSetting, source: Source | None, found: Profile) -> Exit:
    """Write the costs and show what was found; they are shown also where writing fails."""
    costs, trouble, place = asdict(found.costs), "", None
    if source is not None:
        try:
            _write(Path(source.name), source.data, with_costs(source, setting.name, costs))
            place = source.name
        except (OSError, NotEditable) as error:
            trouble = f"{source.name} was not changed: {error}"
    if asked.as_json:
        data = as_data(setting.name, model_of(setting), found, place)
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    else:
        # What was asked to be printed is all that a program behind a pipe gets.
        show(Console(stderr=asked.is_printed, highlight=False, markup=False), found)
        if place is None:
            sys.stdout.write(f"costs: {flow_text(costs, 'yaml')}\n")
        else:
            sys.stdout.write(f"{place}: costs of {setting.name} written\n")
    if trouble:
        sys.stderr.write(f"teola: {trouble}\n")
    return Exit.FAILED if trouble else Exit.OK


def _write(path: Path, before: bytes, after: bytes) -> None:
    """Put `after` in place of `before`, all or nothing. Raise `OSError` and `NotEditable`."""
    place = path.resolve()  # what a link leads to is changed, never the link
    if place.read_bytes() != before:
        raise NotEditable("somebody else has changed it meanwhile")
    number, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with open(number, "wb") as opened:
            opened.write(after)
        shutil.copymode(place, name)
        owner = place.stat()
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(name, owner.st_uid, owner.st_gid)
        os.replace(name, place)
    finally:
        with suppress(FileNotFoundError):  # it has taken its place
            os.unlink(name)
