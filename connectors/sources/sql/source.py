"""A database as a source: one ordered, streamed SELECT per read, resumable after every page.

Data flow: Request -> SELECT (statement.py) -> server-side cursor -> rows mapped -> Page -> engine.

A read sees one state of the data. What is committed later with an earlier time of change is found
by the lookback, what never moves its time of change by a full read, what is gone by its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from connectors.errors import ConfigurationError, JourneyConnectorError, SourceError
from connectors.protocol import CheckItem, Offer, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import failed
from connectors.sources.sql.client import Database
from connectors.sources.sql.guard import tables_of
from connectors.sources.sql.settings import SqlMapping, SqlSettings
from connectors.sources.sql.statement import Place, Reader, Slice
from connectors.sources.sql.streams import key_of, landed, spec_of

_IDS_AT_ONCE = 10_000


class SqlSource:
    """One database. Building it does no I/O."""

    def __init__(self, name: str, settings: SqlSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._streams = {stream.entity: stream for stream in settings.streams}
        self._database = Database(
            settings.url,
            timeout=settings.timeout_seconds,
            timezone=settings.timezone,
            home=context.home,
        )

    def close(self) -> None:
        """Nothing to close: a connection lives as long as a read."""

    def streams(self) -> Sequence[StreamSpec]:
        """The mapped entities, as configured."""
        return [spec_of(stream, self._settings.timezone) for stream in self._settings.streams]

    def check(self) -> Sequence[CheckItem]:
        """The connection; then per stream its columns, its cursor, and what speaks against it."""
        try:
            with self._database.reading("connecting") as connection:
                self._database.now(connection)
        except JourneyConnectorError as error:
            return [failed("connection", error)]
        items = [CheckItem("connection", True, f"connected ({self._database.dialect})")]
        for entity, stream in self._streams.items():
            try:
                with self._database.reading(f"checking {entity}") as connection:
                    items.append(self._checked(connection, stream))
            except JourneyConnectorError as error:
                items.append(failed(entity, error))
        return items

    def offers(self) -> Sequence[Offer]:
        """Tables and views that no stream reads, with the database's own estimate of their rows."""
        with self._database.reading("listing tables") as connection:
            found = self._database.tables(connection)
        read: set[str] = set()
        for stream in self._streams.values():
            if stream.table is not None:
                read.add(stream.table.lower())
            else:
                told = tables_of(stream.query or "", self._database.dialect)
                read |= {name.lower() for name in told}
        read |= {name.removeprefix(f"{schema}.") for name in read for schema in ("public", "main")}
        return [
            Offer(name, "table or view" if rows is None else f"about {rows} rows")
            for name, rows in sorted(found.items())
            if name.lower() not in read
        ]

    def pages(self, request: Request) -> Iterator[Page]:
        """The rows of the slice by cursor and key, from the position on."""
        stream = self._streams[request.stream]
        wanted = self._slice(stream, request)
        after = Place.parse(request.position)
        reader = self._reader(stream)
        with self._database.reading(f"reading {stream.entity}") as connection:
            self._refuse_missing(connection, stream)
            now = self._database.now(connection)
            for selected, is_timeless in (
                (None if after and not after.timeless else reader.timeless(after), True),
                (reader.rows(wanted, None if after and after.timeless else after), False),
            ):
                if selected is None:
                    continue
                last = after.text() if after and after.timeless == is_timeless else None
                for rows in self._streamed(connection, selected, self._settings.page_size):
                    place = self._place(stream, rows[-1], is_timeless)
                    yield Page(
                        rows={stream.entity: [landed(row, stream) for row in rows]},
                        token=f"{stream.entity}{'?' if is_timeless else '>'}{last or ''}",
                        position=place,
                        server_time=now,
                    )
                    last = place

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All keys, as they are landed."""
        mapping = self._streams[stream]
        with self._database.reading(f"comparing keys of {stream}") as connection:
            self._refuse_missing(connection, mapping)
            selected = self._reader(mapping).keys()
            for rows in self._streamed(connection, selected, _IDS_AT_ONCE):
                keys = [key_of(row[mapping.key], mapping) for row in rows]
                yield [(key,) for key in keys if key is not None]

    def _streamed(
        self, connection: Connection, selected: Any, size: int
    ) -> Iterator[list[dict[str, Any]]]:
        """The rows, so many at a time; the database keeps the others."""
        options = {"stream_results": True, "yield_per": size, "max_row_buffer": size}
        with connection.execute(selected, execution_options=options) as result:
            names = list(result.keys())
            for rows in result.partitions(size):
                yield [dict(zip(names, row, strict=True)) for row in rows]

    def _slice(self, stream: SqlMapping, request: Request) -> Slice:
        """What to read; a number's overlap is taken off here, a time's by the engine."""
        kind = stream.cursor.kind
        bounded = request.since is not None or request.until is not None
        if kind != "updated_since" and bounded:
            raise SourceError(
                "has no time of change: a slice of time can not be read.",
                todo="Read it anew as a whole, with --full.",
            )
        if request.full or request.mark is None:
            return Slice(request.since, request.until)
        if kind == "append_log_id":
            return Slice(first=int(request.mark) - stream.cursor.overlap)
        return Slice(request.since, request.until)

    def _place(self, stream: SqlMapping, row: dict[str, Any], is_timeless: bool) -> str | None:
        name = stream.cursor.column
        return Place(row[stream.key], row[name] if name else None, is_timeless).text()

    def _reader(self, stream: SqlMapping) -> Reader:
        return Reader(stream, self._database.dialect, self._settings.timezone)

    def _missing(self, connection: Connection, stream: SqlMapping) -> list[str]:
        """Columns that are read and not there. The lower case counts where a database has one."""
        names = set(map(str, connection.execute(self._reader(stream).peek()).keys()))
        if self._database.dialect != "postgresql":
            lower = {name.lower() for name in names}
            return [name for name in stream.read_columns() if name.lower() not in lower]
        return [name for name in stream.read_columns() if name not in names]

    def _refuse_missing(self, connection: Connection, stream: SqlMapping) -> None:
        missing = self._missing(connection, stream)
        if missing:
            raise ConfigurationError(
                f"{stream.table or 'the query'} has no column {', '.join(missing)}.",
                todo="Correct the stream in config/sources.yml; nothing was read.",
            )

    def _checked(self, connection: Connection, stream: SqlMapping) -> CheckItem:
        self._refuse_missing(connection, stream)
        connection.execute(self._reader(stream).one()).all()
        notes = [f"reads {stream.table or 'a query'}; {_cursor_in_words(stream)}"]
        selected = self._reader(stream).timeless()
        if selected is not None and connection.execute(selected.limit(1)).first() is not None:
            notes.append(
                f"some rows have no {stream.cursor.column} and are read every time"
                " (a `query` with coalesce() gives them one)"
            )
        if stream.table is not None:
            notes += self._indexes(connection, stream, stream.table)
        if stream.deletes.kind == "none":
            notes.append("deletions are not noticed")
        return CheckItem(stream.entity, True, "; ".join(notes))

    def _indexes(self, connection: Connection, stream: SqlMapping, named: str) -> list[str]:
        """What the table lacks: a unique key, an index on the cursor. Views have none to tell."""
        schema, _, name = named.rpartition(".")
        inspector = inspect(connection)
        try:
            if name in inspector.get_view_names(schema or None):
                return []
            key = inspector.get_pk_constraint(name, schema or None)["constrained_columns"]
            indexes = inspector.get_indexes(name, schema or None)
            unique = inspector.get_unique_constraints(name, schema or None)
        except (NoSuchTableError, NotImplementedError, SQLAlchemyError):
            return []
        uniques = [key, *(one["column_names"] for one in unique)]
        uniques += [list(filter(None, one["column_names"])) for one in indexes if one["unique"]]
        first = {one["column_names"][0] for one in indexes if one["column_names"]} | set(key[:1])
        notes = []
        if [stream.key] not in uniques:
            notes.append(
                f"{stream.key} is not declared unique: of rows that share one the last one counts"
            )
        if stream.cursor.column is not None and stream.cursor.column not in first:
            notes.append(f"no index begins with {stream.cursor.column}: each read scans the table")
        return notes


def _cursor_in_words(stream: SqlMapping) -> str:
    cursor = stream.cursor
    if cursor.kind == "updated_since":
        return f"incremental by {cursor.column}, {cursor.lookback_hours:g} h read again"
    if cursor.kind == "append_log_id":
        return f"new rows by {cursor.column}, {cursor.overlap} numbers read again"
    return "no cursor: read in full each time"
