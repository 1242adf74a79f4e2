"""Logs for operators: one line per run and per fault, as JSON or for a console.

Never inputs, outputs, secrets or the text of documents.
"""

import logging
import sys
from typing import Any, Literal

import structlog

LogForm = Literal["json", "console"]


def configure(form: LogForm, level: str) -> None:
    """Set up logging for this process, the server's own included. Called once, at the top."""
    number = logging.getLevelNamesMapping()[level.upper()]
    last: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
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
