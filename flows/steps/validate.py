"""Is what was landed fit to be built from?

Data flow: raw.duckdb (tonight's rows, counts) + last good counts -> checkpoint + volume guard.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import duckdb
import pandas as pd

from connectors.landing.state import connect_to_read
from connectors.protocol import StreamSpec
from expectations.landed import columns_needed, landed_suite
from expectations.run import Auditor, merged
from flows.configuration import Configuration
from flows.guards import drops
from flows.logs import logger
from flows.results import CheckpointResult, StreamResult, ValidationResult
from flows.steps.ingest import configured_streams
from flows.steps.receipts import last_good_counts


def validate(
    configuration: Configuration,
    streams: Iterable[StreamResult],
    auditor: Auditor,
    *,
    allowed_drops: Collection[str] = (),
) -> ValidationResult:
    """Check tonight's rows of every stream, and that no stream lost too many of its rows."""
    batches: dict[str, set[str]] = {}
    for item in streams:
        if item.batch_id:
            batches.setdefault(item.source, set()).add(item.batch_id)
    checks = []
    counts: dict[str, int] = {}
    db = connect_to_read(configuration.home.raw)
    try:
        for name, specs in configured_streams(configuration).items():
            kind = configuration.sources.sources[name].kind
            for spec in specs:
                counts[f"{name}.{spec.name}"] = current_rows(db, name, spec.name)
                frame = _tonight(db, name, kind, spec, batches.get(name, set()))
                if len(frame):
                    suite = landed_suite(name, kind, spec)
                    checks.append(auditor.check(suite, frame))
    finally:
        db.close()
    evaluated, failed, warned = merged(checks)
    guards = configuration.organisation.guards
    now = {_pair(key): value for key, value in counts.items()}
    found = drops(
        last_good_counts(configuration.home),
        now,
        drop_share=guards.source_drop_share,
        min_rows=guards.source_min_rows,
        allowed=allowed_drops,
    )
    for drop in found:
        log = logger().warning if drop.overridden else logger().error
        log(
            "rows lost",
            stream=f"{drop.source}.{drop.stream}",
            before=drop.before,
            now=drop.now,
            overridden=drop.overridden,
        )
    checkpoint = CheckpointResult("landed", evaluated, failed, warned)
    return ValidationResult(checkpoint, tuple(found), counts)


def current_rows(db: duckdb.DuckDBPyConnection, source: str, stream: str) -> int:
    """Rows of a raw table that exist now: latest version, not deleted. 0 without the table."""
    known = db.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
        " and table_catalog = current_database()",
        [source, stream],
    ).fetchone()
    if known is None:
        return 0
    found = db.execute(
        f'select count(*) from "{source}"."{stream}" where _known_to is null and not _is_deleted'
    ).fetchone()
    return int(found[0]) if found else 0


def _tonight(
    db: duckdb.DuckDBPyConnection,
    source: str,
    kind: str,
    spec: StreamSpec,
    batches: Collection[str],
) -> pd.DataFrame:
    """Tonight's new versions of a stream, only the columns its suite looks at."""
    if not batches:
        return pd.DataFrame()
    columns = ", ".join(f'"{column}"' for column in columns_needed(kind, spec))
    return db.execute(
        f'select {columns} from "{source}"."{spec.name}"'
        " where _known_to is null and not _is_deleted and list_contains(?, _batch_id)",
        [sorted(batches)],
    ).df()


def _pair(key: str) -> tuple[str, str]:
    source, stream = key.split(".", 1)
    return source, stream
