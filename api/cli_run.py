"""`teola run`: one workflow through the same runner the service has, shown in a terminal."""

import asyncio
import mimetypes
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from api.cli_progress import Busy
from api.cli_show import Show
from api.compose import compose
from api.engines_file import BadEngines
from api.exit_codes import Exit
from api.explained_text import ExplainedRunOut, lines_of
from api.house import House
from api.plans import Terms
from api.problems import ApiProblem
from api.run_inputs import resolve
from api.settings import Settings
from api.wire import RunOut
from executors.documents import Unreadable
from executors.documents import read as read_document
from executors.errors import ExecutionError, StorageFailed
from executors.runner import Submission
from executors.store.record import RunRecord
from planner.passes.choice import Choice
from spec.load import read
from spec.model import Document
from spec.problems import SpecError
from spec.source import Source, Tree

TENANT = "local"


@dataclass(frozen=True, slots=True)
class Shown:
    """How a run is shown: as JSON, and with where its time went in the end."""

    as_json: bool = False
    explained: bool = False


class BadOption(Exception):
    """An `--input` or `--file` that cannot be used; the message says why."""


def run_file(
    settings: Settings,
    file: Path,
    inputs: Sequence[str],
    files: Sequence[str],
    passes: Choice,
    shown: Shown,
) -> Exit:
    """Run the workflow in `file` and show it; return what the process should say."""
    try:
        record = asyncio.run(_run(settings, file, inputs, files, passes, shown))
    except ApiProblem as problem:
        sys.stderr.write(f"{_shown(problem)}\n")
        return Exit.NOT_VALID
    except Unreadable as error:
        sys.stderr.write(f"teola: {error}\n")
        return Exit.NOT_VALID
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    except BadOption as error:
        sys.stderr.write(f"teola: {error}\n")
        return Exit.USAGE
    except (ExecutionError, StorageFailed) as error:
        sys.stderr.write(f"teola: {error}\n")
        return Exit.FAILED
    return Exit.OK if record.status == "succeeded" else Exit.FAILED


async def _run(
    settings: Settings,
    file: Path,
    inputs: Sequence[str],
    files: Sequence[str],
    passes: Choice,
    shown: Shown,
) -> RunRecord:
    source = _source(file)
    house = compose(settings)
    try:
        document = house.library.read_workflow(TENANT, source)
        given = _given(house, document, inputs, files)
        page = Tree.of(given, "the options")
        resolved = resolve(document.inputs, page, (), house.files, TENANT)
        submission = Submission(
            tenant=TENANT,
            workflow=document.name,
            version=document.version,
            plan=house.library.plan(TENANT, document, source, terms=Terms(passes)),
            inputs=resolved,
        )
        run = await house.runner.submit(submission)
        show = None if shown.as_json else Show(sys.stdout, document)
        busy = Busy(Console(stderr=True), partial(_loads, house)) if _is_watched(show) else None
        record = await _follow(house, run, show, busy)
        if shown.as_json:
            sys.stdout.write(RunOut.of(record).model_dump_json(indent=2) + "\n")
        if shown.explained:
            _explain(house, record, as_json=shown.as_json)
    finally:
        await house.stop()
    return record


def _explain(house: House, record: RunRecord, *, as_json: bool) -> None:
    """Show where the time went; beside JSON on the other stream, so that each can be read."""
    found = ExplainedRunOut.of(record.id, record.status, house.runner.explain(TENANT, record.id))
    out = sys.stderr if as_json else sys.stdout
    out.write("\n" + "\n".join(lines_of(found)) + "\n")


def _is_watched(show: Show | None) -> bool:
    """Whether somebody looks on while the run goes on, and not a program at what it prints."""
    return show is not None and sys.stderr.isatty()


def _loads(house: House, pool: str) -> bool:
    return not any(state.started for state in house.runner.pools() if state.pool.name == pool)


async def _follow(house: House, run: str, show: Show | None, busy: Busy | None) -> RunRecord:
    after = 0
    while True:
        for event in house.runs.events(TENANT, run, after):
            after = event.id
            if busy:
                busy.event(event)
            if show:
                show.event(event)
        record = house.runs.get(TENANT, run)
        if not record.live and after == record.last_event:
            break
        await house.runs.changed(TENANT, run, after)
    if show:
        show.end(record)
    return record


def _shown(problem: ApiProblem) -> str:
    if problem.slug != "invalid-input":
        return problem.page or problem.detail
    lines = []  # options stand on no page
    for error in problem.errors:
        cure = f"; did you mean '{error['hint']}'?" if error["hint"] else ""
        lines.append(f"teola: {error['code']}: {error['detail']}{cure}")
    return "\n".join(lines)


def _source(file: Path) -> Source:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadOption(f"cannot read {file}: {error.strerror}") from None
    return Source(str(file), data, "json" if file.suffix == ".json" else "yaml")


def _given(
    house: House, document: Document, inputs: Sequence[str], files: Sequence[str]
) -> dict[str, Any]:
    types = {declared.id: declared.type for declared in document.inputs}
    given: dict[str, Any] = {}
    for option in inputs:
        id, text = _pair("--input", option)
        if id in given:
            raise BadOption(f"--input {id} is given twice")
        plain = id not in types or (types[id].word == "string" and not types[id].lists)
        given[id] = text if plain else _json(id, text)
    for option in files:
        id, path = _pair("--file", option)
        _add_file(given, id, _upload(house, Path(path)), many=id in types and types[id].lists > 0)
    return given


def _add_file(given: dict[str, Any], id: str, file: dict[str, str], *, many: bool) -> None:
    if many:
        given.setdefault(id, []).append(file)
    elif id in given:
        raise BadOption(f"{id} takes one file and is given two")
    else:
        given[id] = file


def _upload(house: House, path: Path) -> dict[str, str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadOption(f"cannot read {path}: {error.strerror}") from None
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = read_document(data, path.name, media_type)
    return {"id": house.files.put(TENANT, path.name, media_type, data, text).id}


def _pair(option: str, text: str) -> tuple[str, str]:
    id, equals, value = text.partition("=")
    if not (id and equals):
        raise BadOption(f"{option} wants id=value, not '{text}'")
    return id, value


def _json(id: str, text: str) -> Any:
    try:
        return read(Source("the option", text.encode(errors="replace"), "json")).value
    except SpecError as error:
        why = error.problems[0].detail
        detail = f"--input {id} wants JSON, as its type is no string: '{text[:80]}' ({why})"
        raise BadOption(detail) from None
