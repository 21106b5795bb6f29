"""Read one source into landing: files only, so that all sources are read at the same time.

Data flow: source API -> connectors.engine.extract -> landing batches -> StreamResults.
A stream that fails is named and the others of its source go on; nothing is loaded here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import flows
from connectors.clock import Clock
from connectors.engine import extract
from connectors.errors import AuthenticationError, JourneyConnectorError
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.protocol import Source, StreamSpec
from connectors.registry import SourceContext, build_source, is_mapped, specs_of
from flows.configuration import Configuration
from flows.logs import logger
from flows.results import SourceResult, StreamResult
from flows.waypoints import reached


def open_source(configuration: Configuration, name: str) -> Source:
    """The connector of one configured source; does no I/O."""
    connection = configuration.sources.sources[name]
    context = SourceContext(
        state_dir=configuration.home.state,
        user_agent=f"member-journey/{flows.__version__}",
    )
    return build_source(name, connection.kind, configuration.source_settings[name], context)


def configured_streams(configuration: Configuration) -> dict[str, list[StreamSpec]]:
    """Every enabled source's streams, as its own settings make them."""
    return {
        name: list(open_source(configuration, name).streams())
        for name, connection in configuration.sources.sources.items()
        if connection.enabled
    }


def declared_streams(configuration: Configuration, name: str) -> list[StreamSpec]:
    """A source's streams without its secrets: those of its kind, or of its mapping if enabled."""
    connection = configuration.sources.sources[name]
    if is_mapped(connection.kind) and connection.enabled:
        return list(open_source(configuration, name).streams())
    return specs_of(connection.kind)


def ingest_source(
    configuration: Configuration,
    name: str,
    clock: Clock,
    *,
    full: bool = False,
    only: Sequence[str] = (),
) -> SourceResult:
    """Extract every stream of one source; errors end up in the result, never as an exception.

    `only`: those streams and no others.
    """
    log = logger().bind(source=name)
    started = time.monotonic()
    required = configuration.sources.sources[name].required
    landing = Landing(configuration.home.landing)
    states = SyncStates(configuration.home.raw)
    results: list[StreamResult] = []
    error = ""
    try:
        source = open_source(configuration, name)
        own = [spec.name for spec in source.streams() if spec.parent is None]
        parents = [stream for stream in own if not only or stream in only]
    except JourneyConnectorError as problem:
        return SourceResult(name, required, (), str(problem), time.monotonic() - started)
    for stream in parents:
        try:
            receipt = extract(
                source, stream, landing=landing, states=states, full=full, clock=clock
            )
        except JourneyConnectorError as problem:
            error = error or str(problem)
            results.append(StreamResult(name, stream, "failed", error=str(problem)))
            log.error("stream failed", stream=stream, error=str(problem))
            if isinstance(problem, AuthenticationError):
                break
            continue
        fetched = sum(receipt.rows.values())
        results.append(
            StreamResult(
                name,
                stream,
                "no new data" if receipt.skipped_reason else "loaded",
                batch_id=receipt.batch_id or "",
                fetched=fetched,
                requests=receipt.requests,
                bytes=receipt.bytes,
                resumed=receipt.resumed,
            )
        )
        reached("ingest:stream")
        log.debug("stream read", stream=stream, rows=fetched, requests=receipt.requests)
    return SourceResult(name, required, tuple(results), error, time.monotonic() - started)
