"""Ask every source and platform whether it would let us work.

Data flow: configuration -> Source.check(), PlatformAdapter.check() -> one row per thing looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flows
from connectors.errors import JourneyConnectorError
from connectors.platforms.registry import PlatformContext, build_platform
from connectors.protocol import CheckItem
from flows.configuration import Configuration, read_clock
from flows.errors import JourneyError
from flows.steps.ingest import open_source


def check_connections(configuration: Configuration) -> list[dict[str, Any]]:
    """Rows {what, name, ok, detail}: the clock, every enabled source and platform."""
    configuration.home.make()
    rows = [_clock(configuration)]
    sources = [name for name, item in configuration.sources.sources.items() if item.enabled]
    with ThreadPoolExecutor(8) as pool:
        for name, items in zip(
            sources, pool.map(lambda name: _source(configuration, name), sources), strict=True
        ):
            rows += [_row("source", f"{name}.{item.name}", item) for item in items]
    for name, connection in configuration.platforms.platforms.items():
        if not connection.enabled:
            continue
        context = PlatformContext(configuration.home.state, f"member-journey/{flows.__version__}")
        adapter = build_platform(
            name, connection.kind, configuration.platform_settings[name], context
        )
        try:
            rows += [_row("platform", f"{name}.{item.name}", item) for item in adapter.check()]
        finally:
            adapter.close()
    return rows


def _source(configuration: Configuration, name: str) -> Sequence[CheckItem]:
    try:
        return open_source(configuration, name).check()
    except JourneyConnectorError as error:
        return [CheckItem("connection", False, str(error))]


def _clock(configuration: Configuration) -> dict[str, Any]:
    try:
        today = read_clock(configuration.organisation)
    except JourneyError as error:
        return {"what": "clock", "name": "clock", "ok": False, "detail": error.message}
    return {"what": "clock", "name": "clock", "ok": True, "detail": f"today is {today.date}"}


def _row(what: str, name: str, item: CheckItem) -> dict[str, Any]:
    return {"what": what, "name": name, "ok": item.ok, "detail": item.detail}
