"""What a source promises and what the engine may rely on.

Data flow: vendor API -> Source.pages() -> engine -> landing parts -> loader -> raw tables.

A source declares its streams as data (`StreamSpec`) and yields `Page`s; everything else
(retries, landing, cursors, merging, deletes, quarantine) is the engine's, once for all vendors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

ColumnType = Literal[
    "string",
    "integer",
    "number",  # floating point, never money
    "boolean",
    "date",
    "timestamp",  # ISO 8601 with offset, or naive in the stream's `timezone`; stored as UTC
    "unix",  # seconds since 1970; stored as UTC timestamp
    "money",  # decimal in major units as the vendor sends it ("12.50"); stored DECIMAL(18, 4)
    "minor",  # integer minor units; stored BIGINT
    "email",  # stored as sent, plus `<name>_key`: the normalised address, null when invalid
    "phone",  # stored as sent, plus `<name>_e164`, null when invalid
    "json",
]

CursorKind = Literal["updated_since", "created_only", "event_log", "append_log_id", "full"]
DeletePolicy = Literal["flag", "tombstone", "id_reconcile", "replace_by_parent", "none"]
ContractMode = Literal["evolve", "warn", "freeze"]
UnknownKeys = Literal["kept", "dropped"]


@dataclass(frozen=True)
class Column:
    """One declared column: where its value lies in the record and what it is.

    `path` is a dotted path into the record ("billing.email"); by default the column's own name,
    looked up first as a literal key (CiviCRM sends keys with dots in them).
    """

    type: ColumnType
    path: str | None = None


def typed(**declared: ColumnType | tuple[ColumnType, str]) -> dict[str, Column]:
    """Columns by name: each a type, or a type and a path."""
    return {
        name: Column(kind) if isinstance(kind, str) else Column(*kind)
        for name, kind in declared.items()
    }


@dataclass(frozen=True)
class Cursor:
    """How a stream is read incrementally.

    `field` is the record's key (dotted) whose greatest value becomes the high-water mark; None when
    the mark comes from the server's clock or from an event log. `lookback` is subtracted from the
    mark at the next read (for `created_only` it is the re-read window).
    """

    kind: CursorKind
    field: str | None = None
    lookback: timedelta = timedelta(0)


@dataclass(frozen=True)
class StreamSpec:
    """The declaration of one stream; one raw table `<source>.<name>`.

    `parent` names the stream whose pages carry this one's rows (children are never read alone).
    `deletes`: flag = the record says so itself (`deleted_when` is the flag's key), tombstone = the
    API reports deletions, id_reconcile = compare the full id list from time to time,
    replace_by_parent = children missing from a re-read parent are gone, none = nothing is deleted.
    `unknown`: whether keys no column reads are landed and kept in `_extra`. Streams of cases and of
    answers drop them before landing: there they may be what somebody wrote in confidence.
    """

    name: str
    primary_key: tuple[str, ...]
    columns: Mapping[str, Column]
    cursor: Cursor
    deletes: DeletePolicy = "none"
    deleted_when: str | None = None
    parent: str | None = None
    parent_key: tuple[str, ...] = ()  # this stream's columns that hold the parent's primary key
    version: str | None = None  # column that orders versions of one key; None: arrival order
    timezone: str = "UTC"
    empty_first_page: Literal["ok", "error"] = "ok"
    contract: ContractMode = "evolve"
    unknown: UnknownKeys = "kept"
    quarantine_share: float = 0.01  # above this share of quarantined rows the stream fails
    description: str = ""


@dataclass(frozen=True)
class Request:
    """What the engine asks a source to read.

    `since`/`until` bound a slice (None: from the beginning / up to now); `position` is the last
    page's resumable token of an interrupted batch, or None; `mark` is the stored cursor as the
    source wrote it in `Page.mark` (opaque to the engine unless `Cursor.field` is set). It may be
    that of rows which still wait to be loaded; `loaded` holds, per stream of the source, the mark
    whose rows the warehouse has: for a source that lets go of what was loaded.
    """

    stream: str
    since: datetime | None = None
    until: datetime | None = None
    mark: str | None = None
    position: str | None = None
    full: bool = False
    loaded: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One page as landed: rows per stream (the parent's first), where to go on, what was promised.

    `position`: token from which the slice can be resumed after this page; None when it can not
    (the slice is then re-read from its start). `token`: what identified this page to the vendor,
    for loop detection. `expected_total`: the API's own count for the slice, if it gives one.
    `mark`: candidate for the next cursor when it is not a record field (server time, event id).
    `deleted`: primary keys reported as deleted, per stream.
    """

    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    token: str = ""
    position: str | None = None
    expected_total: int | None = None
    server_time: datetime | None = None
    mark: str | None = None
    deleted: Mapping[str, Sequence[tuple[Any, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckItem:
    """One line of `journey check`: what was looked at, whether it is fine, what to do if not."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Offer:
    """Something the system has and no stream reads: a table, an object type, an end-point."""

    name: str
    detail: str


@runtime_checkable
class Offering(Protocol):
    """A source that can list what else could be configured (`journey sources discover`)."""

    def offers(self) -> Sequence[Offer]:
        """What the system has and no configured stream reads, by name."""


@runtime_checkable
class Settling(Protocol):
    """A source whose accounts differ in how a stream can be read: it decides per account.

    A declared cursor is then a preference. The declaration stays what it is (tables are made and
    files loaded by it, without a connection); only a reading goes by the settled one.
    """

    def settled(self, spec: StreamSpec) -> StreamSpec:
        """The spec with the cursor this account allows; may ask the system, once per source."""


@runtime_checkable
class Source(Protocol):
    """A connected source system. Building it does no I/O."""

    name: str

    def streams(self) -> Sequence[StreamSpec]:
        """Every stream this source declares, parents before children."""

    def check(self) -> Sequence[CheckItem]:
        """Credentials, permissions and the cursor each stream will use; never raises for a 'no'."""

    def pages(self, request: Request) -> Iterator[Page]:
        """The pages of one slice of one (parent) stream, in a resumable order."""

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All current primary keys, in chunks, for streams with `deletes='id_reconcile'`."""
