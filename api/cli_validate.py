"""`teola validate`: documents checked as they would be on submission, without running anything."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from api.engines_file import BadEngines
from api.exit_codes import Exit
from api.library import Library
from api.logs import log_bug
from api.plans import Plans
from api.pools import declared, known_pools, make_pools
from api.problems import ApiProblem
from api.settings import Settings
from api.shipped import workflows_folder
from executors.collections import Collections
from executors.store.workflows import Workflows
from planner.lints import CURES, Lint
from planner.pools import Pools
from planner.registry import Registry
from spec.load import read
from spec.problems import SpecError
from spec.source import Source

TENANT = "local"
_MEDIA = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}


class NothingToRead(Exception):
    """A path that names no document; the message says why."""


def validate(settings: Settings, paths: Sequence[Path], *, as_json: bool) -> Exit:
    """Check every document in `paths` and show what is wrong; return what to say at the end."""
    try:
        sources = [_source(file) for path in paths for file in _files(path)]
    except NothingToRead as error:
        sys.stderr.write(f"teola: {error}\n")
        return Exit.USAGE
    try:
        library = declared_library(settings)
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    found = _refusals(library, sources)
    warned: dict[str, Sequence[Lint]] = {
        source.name: () if module_name(source) else library.lints(TENANT, source)
        for source in sources
    }
    if as_json:
        told = _as_json(found, warned)
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        for name, problem in found.items():
            sys.stdout.write(_shown(name, problem) + "".join(_advice(name, warned[name])))
    return Exit.NOT_VALID if any(found.values()) else Exit.OK


def declared_library(settings: Settings) -> Library:
    """Return the standard modules, with the pools that `settings` ask for. Raise `BadEngines`."""
    pools = _declared_pools(settings)
    shipped = Registry.from_folder(workflows_folder() / "modules", frozenset(pools.kinds))
    plans = Plans(settings.plans_max, settings.plans_bytes_max)
    return Library(shipped, pools, Workflows(), log_bug, plans, settings.passes())


def _declared_pools(settings: Settings) -> Pools:
    """Return what engines would be like: they are made, which loads nothing, over no data."""
    collections = Collections(None)
    try:
        return known_pools(make_pools(declared(settings), collections, str, lambda _: {}))
    finally:
        collections.close()


def _refusals(library: Library, sources: Sequence[Source]) -> dict[str, ApiProblem | None]:
    """Return what is wrong with each. A module may be used by every other document given."""
    found: dict[str, ApiProblem | None] = {source.name: None for source in sources}
    modules = {source.name: name for source in sources if (name := module_name(source))}
    waiting = [source for source in sources if source.name in modules]
    while waiting:
        for source in waiting:
            found[source.name] = library.refuses_module(TENANT, modules[source.name], source)
        refused = [source for source in waiting if found[source.name]]
        if len(refused) == len(waiting):
            break
        waiting = refused
    for source in sources:
        if source.name not in modules:
            found[source.name] = library.refuses(TENANT, source)
    return found


def module_name(source: Source) -> str | None:
    """Return what a module calls itself; None for any other document."""
    try:
        tree = read(source).value
    except SpecError:
        return None  # said when it is checked
    name = tree.get("module") if isinstance(tree, dict) and "workflow" not in tree else None
    return name if isinstance(name, str) else None


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    files = sorted(file for file in path.rglob("*") if file.suffix in _MEDIA and file.is_file())
    if not files:
        raise NothingToRead(f"there is no {', '.join(_MEDIA)} in {path}")
    yield from files


def _source(file: Path) -> Source:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise NothingToRead(f"cannot read {file}: {error.strerror}") from None
    return Source(str(file), data, "json" if file.suffix == ".json" else "yaml")


def _shown(name: str, problem: ApiProblem | None) -> str:
    if problem is None:
        return f"{name}: valid\n"
    lines = [
        f"{name}:{error['line']}:{error['column']}: {error['code']}: {error['detail']}"
        for error in problem.errors
    ]
    return (problem.page or "\n".join(lines) or f"{name}: {problem.detail}") + "\n"


def _advice(name: str, warned: Sequence[Lint]) -> Iterator[str]:
    for each in warned:
        place = f"{name}:{each.origin.line}:{each.origin.column}"
        yield f"{place}: warning: {each.code}: {each.detail}\n  = {CURES[each.code]}\n"


def _as_json(
    found: dict[str, ApiProblem | None], warned: dict[str, Sequence[Lint]]
) -> dict[str, Any]:
    files = [
        {
            "file": name,
            "valid": problem is None,
            "errors": list(problem.errors) if problem else [],
            "warnings": [each.as_json() for each in warned[name]],
        }
        for name, problem in found.items()
    ]
    return {"valid": not any(found.values()), "files": files}
