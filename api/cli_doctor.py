"""`teola doctor`: what is here, what is missing, and what to do about it."""

import json
import sys
from dataclasses import asdict

import typer

from api.doctor import examine
from api.exit_codes import Exit
from api.settings import Settings


def show_findings(settings: Settings, *, as_json: bool) -> Exit:
    """Look at everything and show what was found; return what to say at the end."""
    missing, items = 0, []
    for finding in examine(settings):
        missing += not finding.ok
        items.append(asdict(finding))
        if not as_json:
            mark = typer.style("ok  ", fg="green") if finding.ok else typer.style("MISS", fg="red")
            cure = f"\n       cure: {finding.cure}" if finding.cure else ""
            typer.echo(f"{mark}  {finding.name}: {finding.detail}{cure}")
    if as_json:
        sys.stdout.write(json.dumps({"items": items}, ensure_ascii=False, indent=2) + "\n")
    else:
        typer.echo(f"{missing} missing" if missing else "everything needed is here")
    return Exit.FAILED if missing else Exit.OK
