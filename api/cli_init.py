"""`teola init`: a first workflow that runs as it is, with all that belongs to it."""

import json
import os
import shlex
import sys
from pathlib import Path

from api.cli_validate import TENANT, declared_library
from api.engines_file import BadEngines
from api.exit_codes import Exit
from api.settings import Settings
from spec.editor_schema import editor_schema

STARTER = Path(__file__).with_name("starter")
SCHEMA = "teola.json"


def init(settings: Settings, folder: Path, *, as_json: bool) -> Exit:
    """Write the starter into `folder`, all of it or nothing; return what to say at the end."""
    try:
        files = _files(settings)
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    there = [name for name in files if os.path.lexists(folder / name)]
    if there:
        names = ", ".join(str(folder / name) for name in there)
        sys.stderr.write(f"teola: nothing was written, since there is already {names}\n")
        return Exit.FAILED
    try:
        _write(folder, files)
    except OSError as error:
        sys.stderr.write(f"teola: cannot write {error.filename or folder}: {error.strerror}\n")
        return Exit.FAILED
    commands = _commands(folder)
    if as_json:
        written = [str(folder / name) for name in files]
        sys.stdout.write(json.dumps({"files": written, "next": commands}, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"wrote {folder / name}\n" for name in files)
        sys.stdout.write("\nNow try:\n")
        sys.stdout.writelines(f"  {command}\n" for command in commands)
    return Exit.OK


def _files(settings: Settings) -> dict[str, str]:
    starter = sorted(STARTER.iterdir())
    schema = editor_schema(declared_library(settings).vocabulary(TENANT))
    texts = {file.name: file.read_text(encoding="utf-8") for file in starter}
    return texts | {SCHEMA: json.dumps(schema, ensure_ascii=False, indent=1) + "\n"}


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write every file; take back what was written when one cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    try:
        for name, text in files.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                written.append(folder / name)
                file.write(text)
    except OSError:
        for path in written:
            path.unlink()
        raise


def _commands(folder: Path) -> list[str]:
    workflow = shlex.quote(str(folder / "workflow.yaml"))
    notes = shlex.quote(f"documents={folder / 'notes.md'}")
    return [
        f"teola validate {workflow}",
        f"teola plan {workflow}",
        f'teola run {workflow} --file {notes} --input question="When was the lamp lit first?"',
        "teola up",
    ]
