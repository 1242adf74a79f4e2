"""`teola schema`: the JSON Schema by which an editor knows the language and the shipped modules."""

import json
import sys
from pathlib import Path

from api.cli_validate import TENANT, declared_library
from api.engines_file import BadEngines
from api.exit_codes import Exit
from api.settings import Settings
from spec.editor_schema import editor_schema


def write_schema(settings: Settings, output: Path | None) -> Exit:
    """Print the schema, or write it to a file; return what to say at the end."""
    try:
        library = declared_library(settings)
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    schema = editor_schema(library.vocabulary(TENANT))
    text = json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
    if output is None:
        sys.stdout.write(text)
        return Exit.OK
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"teola: cannot write {output}: {error.strerror}\n")
        return Exit.FAILED
    return Exit.OK
