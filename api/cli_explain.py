"""`teola explain`: where the time of a run went, as the service that ran it tells."""

import asyncio
import sys

from api.exit_codes import Exit
from api.explained_text import ExplainedRunOut, lines_of
from executors.engines.http_client import Endpoint, HttpClient, Timeouts
from executors.engines.server_errors import ServerFailed

_PATIENCE = Timeouts(connect_s=5.0, first_s=30.0)


def explain_run(server: str, run: str, *, as_json: bool) -> Exit:
    """Ask `server` about `run` and show it; return what to say at the end."""
    try:
        found = asyncio.run(_asked(server, run))
    except ServerFailed as error:
        sys.stderr.write(f"teola: {_reason(server, run, error)}\n")
        return Exit.FAILED
    written = found.model_dump_json(indent=2) if as_json else "\n".join(lines_of(found))
    sys.stdout.write(f"{written}\n")
    return Exit.OK


async def _asked(server: str, run: str) -> ExplainedRunOut:
    client = HttpClient(Endpoint(server, timeouts=_PATIENCE), 1)
    await client.start()
    try:
        return ExplainedRunOut.model_validate(await client.ask(f"/v1/runs/{run}/explain"))
    finally:
        await client.stop()


def _reason(server: str, run: str, error: ServerFailed) -> str:
    match error.status:
        case 404:
            return f"{server} knows no run {run} (any more)"
        case 409:
            return f"{run} goes on; where its time went is known once it has ended"
        case _:
            return f"{server} could not be asked: {error}"
