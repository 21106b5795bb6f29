"""Logs on stderr: one short line per event for people, JSON lines when asked.

Data flow: structlog events (ids and counts, never payloads) -> stderr.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import Any

import structlog

_NOISY = ("prefect", "httpx", "httpcore", "great_expectations", "urllib3", "asyncio", "alembic")


def quiet_environment() -> None:
    """Telemetry off and third-party chatter down; call before importing those packages."""
    for name, value in {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "TQDM_DISABLE": "1",
    }.items():
        os.environ.setdefault(name, value)


def configure_logs(*, verbose: bool = False, as_json: bool = False) -> None:
    """Send structlog to stderr; third-party loggers only speak up for warnings and worse."""
    level = logging.DEBUG if verbose else logging.INFO
    colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=26)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if not as_json else "iso", utc=as_json),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Looked up each time: whoever replaces sys.stderr meanwhile gets the lines.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.ERROR)
    if not verbose:
        # Deprecations of dependencies among each other are for their authors, not for the user.
        warnings.simplefilter("ignore")


def logger() -> Any:
    """The project's logger; bind ids and counts, never names, addresses or payloads."""
    return structlog.get_logger("journey")
