"""Load landed batches into raw.duckdb, one after another: the loader is its only writer.

Data flow: landing batches -> volume guard -> Loader (rows + sync state in one transaction) -> raw.
Every complete batch that was never loaded is taken, so what an interrupted run read is not lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from connectors.errors import JourneyConnectorError
from connectors.landing.loader import Loader
from connectors.landing.marks import pending_batches
from connectors.landing.state import connect_to_read, read_states
from connectors.landing.store import Batch, Landing
from connectors.protocol import StreamSpec
from connectors.registry import is_mapped, specs_of
from connectors.sources.contracts import entity_specs
from flows.configuration import Configuration
from flows.guards import drops
from flows.logs import logger
from flows.results import SourceResult, StreamResult
from flows.steps.ingest import configured_streams
from flows.steps.validate import current_rows
from flows.waypoints import reached


def prepare_raw(configuration: Configuration) -> Loader:
    """The loader, with empty typed tables for every configured source, so that dbt compiles."""
    loader = Loader(configuration.home.raw)
    connections = configuration.sources.sources
    tables = {
        name: specs_of(connection.kind)
        for name, connection in connections.items()
        if not is_mapped(connection.kind)
    }
    mapped = [name for name, connection in connections.items() if is_mapped(connection.kind)]
    entities = entity_specs()
    loader.ensure_all({**tables, **dict.fromkeys(mapped, entities)}, entities, mapped)
    configuration.home.raw.chmod(0o600)
    return loader


def load(
    configuration: Configuration,
    ingested: Sequence[SourceResult],
    *,
    allowed_drops: Collection[str] = (),
) -> list[StreamResult]:
    """Load everything complete; the streams' results with what their rows changed.

    A complete read that is far smaller than what is known is set aside (rejected, read again next
    time) and its stream is `held`; nothing of it reaches raw.
    """
    loader = prepare_raw(configuration)
    landing = Landing(configuration.home.landing)
    results = {(item.source, item.stream): item for one in ingested for item in one.streams}
    states = read_states(configuration.home.raw)
    for name, specs in configured_streams(configuration).items():
        for spec in specs:
            if spec.parent is not None:
                continue
            for batch in pending_batches(landing, name, spec.name, states.get((name, spec.name))):
                key = (name, spec.name)
                result = results.setdefault(key, StreamResult(name, spec.name))
                load_batch(configuration, loader, landing, specs, batch, result, allowed_drops)
    return list(results.values())


def load_batch(
    configuration: Configuration,
    loader: Loader,
    landing: Landing,
    specs: Sequence[StreamSpec],
    batch: Batch,
    result: StreamResult,
    allowed_drops: Collection[str],
) -> None:
    """Load one batch into `result`, or set it aside when the volume guard does not believe it."""
    log = logger().bind(source=result.source, stream=result.stream)
    shrunk = _shrunk(configuration, batch, specs, allowed_drops)
    if shrunk:
        batch.reject(f"volume guard: {shrunk}")
        result.state, result.error = "held", shrunk
        log.error("batch set aside", reason=shrunk)
        return
    try:
        receipt = loader.load(landing, result.source, specs, batch.batch_id)
    except JourneyConnectorError as error:
        result.state, result.error = "failed", str(error)
        log.error("load failed", error=str(error))
        return
    result.batch_id = batch.batch_id
    result.inserted += sum(receipt.inserted.values())
    result.updated += sum(receipt.updated.values())
    result.unchanged += sum(receipt.unchanged.values())
    result.deleted += sum(receipt.deleted.values())
    result.quarantined += sum(receipt.quarantined.values())
    if result.state == "no new data" and (result.inserted or result.updated or result.deleted):
        result.state = "loaded"
    reached("load:batch")


def _shrunk(
    configuration: Configuration,
    batch: Batch,
    specs: Iterable[StreamSpec],
    allowed_drops: Collection[str],
) -> str:
    """Why a complete read (or complete list of keys) is too small to be believed, or ""."""
    source, stream = batch.header.source, batch.header.stream
    spec = next(item for item in specs if item.name == stream)
    if batch.ids:
        seen = sum(part.rows for part in batch.ids)
    elif batch.header.explicit:  # a slice of the past
        return ""
    elif batch.header.full or spec.cursor.kind == "full":
        seen = batch.rows().get(stream, 0)
    else:
        return ""
    db = connect_to_read(configuration.home.raw)
    try:
        known = current_rows(db, source, stream)
    finally:
        db.close()
    guards = configuration.organisation.guards
    found = drops(
        {(source, stream): known},
        {(source, stream): seen},
        drop_share=guards.source_drop_share,
        min_rows=guards.source_min_rows,
        allowed=allowed_drops,
    )
    return "; ".join(str(drop) for drop in found if not drop.overridden)


def prune_landing(configuration: Configuration, now: datetime) -> int:
    """Remove loaded batches older than the configured retention; how many."""
    landing = Landing(configuration.home.landing)
    before = now - timedelta(days=configuration.organisation.retention.landing_days)
    states = read_states(configuration.home.raw)
    removed = 0
    for name in configuration.sources.sources:
        loaded = {
            batch.batch_id
            for batch in landing.batches(name)
            if (state := states.get((name, batch.header.stream)))
            and batch.batch_id <= state.batch_id
        }
        removed += len(landing.prune(name, loaded=loaded, before=before))
    return removed
