"""Logs for operators: one line per run and per fault, as JSON or for a console.

Never inputs, outputs, secrets or the text of documents.
"""

import logging
import sys
from typing import Any, Literal

import structlog

from executors.store.record import RunRecord
from planner.errors import BrokenPass

LogForm = Literal["json", "console"]


def configure(form: LogForm, level: str) -> None:
    """Set up logging for this process, the server's own included. Called once, at the top."""
    number = logging.getLevelNamesMapping()[level.upper()]
    last: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the other one shows values
        )
    )
    # Libraries that set up logging themselves find it done, and stay quiet.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if form == "json" else []),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def logger() -> Any:
    """Return the logger, set up or not."""
    return structlog.get_logger("teola")


def log_run(run: RunRecord) -> None:
    """Write the one line of a run that has ended."""
    logger().info(
        "run",
        run=run.id,
        tenant=run.tenant,
        workflow=run.workflow,
        version=run.version,
        status=run.status,
        duration_ms=run.duration_ms,
        tokens_in=run.usage.tokens_in,
        tokens_out=run.usage.tokens_out,
        problem=run.problem["type"] if run.problem else None,
    )


def log_bug(error: Exception) -> None:
    """Write what an engine's adapter or a pass raised and never should, with where it came from."""
    what = "a pass broke a plan, which runs without" if isinstance(error, BrokenPass) else None
    logger().error(what or "an adapter broke", exc_info=error)
