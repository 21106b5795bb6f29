"""Odoo as a source: nine streams by search_read, through either of its two interfaces.

Data flow: OdooSource.pages() -> OdooClient.read() in id order -> plain rows -> Page -> engine.

Every stream is read in id order (`id > last`), which inserts, changes and deletes can not shift and
which can be resumed anywhere; incremental reads add `write_date >= since`. A keyset over
(write_date, id) would lose records: answers cut write_date to the second while the database
compares microseconds. Two things make it complete: the engine caps the mark at the server's clock
when the reading began, so that a record written meanwhile is read again next time, and the next
read starts an hour before the mark, as write_date is the begin of a transaction, not its end.

A model whose module is not installed gives no rows; check() says so. Fields are asked for by name
and only where the database has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.errors import JourneyConnectorError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.odoo.client import OdooClient, Row
from connectors.sources.odoo.settings import OdooSettings
from connectors.sources.odoo.streams import MODELS, STREAMS, Field, Model

_SPECS = {spec.name: spec for spec in STREAMS}


@dataclass(frozen=True)
class _Position(Place):
    """Where a read stands: the ids up to `after` are done."""

    after: int = 0


class OdooSource(ClientSource[OdooClient]):
    """One Odoo database. Building it does no I/O."""

    def __init__(self, name: str, settings: OdooSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = OdooClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        return STREAMS

    def check(self) -> Sequence[CheckItem]:
        """The interface, then per stream: installed, readable, by which cursor, lacking what."""
        try:
            way = self._client.transport().name
        except JourneyConnectorError as error:
            return [failed("interface", error)]
        items = [CheckItem("interface", True, _INTERFACES[way])]
        for spec in STREAMS:
            model = MODELS[spec.name]
            try:
                known = self._client.fields(model.name, spec.name)
                if known is None or not _usable(model, known):
                    detail = f"not there (needs {model.module}); nothing is read"
                    items.append(CheckItem(spec.name, True, detail))
                    continue
                self._client.read(model.name, domain=[], fields=["id"], limit=1, stream=spec.name)
            except JourneyConnectorError as error:
                items.append(failed(spec.name, error))
                continue
            items.append(CheckItem(spec.name, True, _in_words(spec, model, known)))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages in id order; each can be resumed after. None where the module is not installed."""
        spec, model = _SPECS[request.stream], MODELS[request.stream]
        known = self._client.fields(model.name, spec.name)
        if known is None or not _usable(model, known):
            return
        domain = [*map(list, model.domain), *_window(model, known, request)]
        wanted = {column: field for column, field in model.fields.items() if field.name in known}
        names = sorted({field.name for field in wanted.values()})
        for token, rows, time in self._in_id_order(
            spec.name, domain, names, _Position.parse(request.position).after
        ):
            after = rows[-1]["id"] if rows else token
            yield Page(
                rows={spec.name: [_shaped(row, wanted, known) for row in rows]},
                token=f"id>{token}",
                position=_Position(after).text(),
                server_time=time,
            )

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All ids the database has now, archived records included, in chunks."""
        model = MODELS[stream]
        known = self._client.fields(model.name, stream)
        if known is None or not _usable(model, known):
            return
        for _, rows, _ in self._in_id_order(stream, list(map(list, model.domain)), ["id"], 0):
            if rows:
                yield [(row["id"],) for row in rows]

    def _in_id_order(
        self, stream: str, domain: Sequence[Any], fields: Sequence[str], after: int
    ) -> Iterator[tuple[int, list[Row], datetime | None]]:
        """(last id before, records, server time); a page shorter than asked for is the last."""
        size = self._settings.page_size
        while True:
            found = self._client.read(
                MODELS[stream].name,
                domain=[*domain, ["id", ">", after]],
                fields=fields,
                limit=size,
                stream=stream,
            )
            rows: list[Row] = found.value
            yield after, rows, found.server_time
            if len(rows) < size:
                return
            after = int(rows[-1]["id"])


_INTERFACES = {
    "json2": "JSON-2 API (/json/2)",
    "jsonrpc": "JSON-RPC (/jsonrpc), which Odoo 22 removes",
}


def _usable(model: Model, known: Mapping[str, str]) -> bool:
    return model.needs in known


def _window(model: Model, known: Mapping[str, str], request: Request) -> list[Any]:
    """The slice: written, or touched through a related record, from `since` to before `until`."""
    domain: list[Any] = []
    if request.since is not None:
        paths = [f"{name}.write_date" for name in model.touched_by if name in known]
        bounds = [[path, ">=", _naive(request.since)] for path in ("write_date", *paths)]
        domain += [*(["|"] * len(paths)), *bounds]
    if request.until is not None:
        domain.append(["write_date", "<", _naive(request.until)])
    return domain


def _naive(moment: datetime) -> str:
    """A moment as Odoo writes it: UTC, to the second, without an offset."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _shaped(row: Row, wanted: Mapping[str, Field], known: Mapping[str, str]) -> Row:
    return {
        column: _value(row.get(field.name), field, known[field.name])
        for column, field in wanted.items()
    }


def _value(value: Any, field: Field, kind: str) -> Any:
    """The part asked for; Odoo's `false` for "empty" becomes null, except where it means no.

    Amounts are binary floats of rounded decimals: four places bring back what was stored.
    """
    if value is False and kind != "boolean":
        return None
    if field.part in ("id", "name") and isinstance(value, list):
        place = 0 if field.part == "id" else 1
        return value[place] if len(value) > place else None
    if field.part == "first" and isinstance(value, list):
        return value[0] if value else None
    if field.type == "money" and isinstance(value, float):
        return round(value, 4)
    return value


def _in_words(spec: StreamSpec, model: Model, known: Mapping[str, str]) -> str:
    words = (
        "incremental by write_date"
        if spec.cursor.kind == "updated_since"
        else "read in full each time, compared by row hash"
    )
    missing = sorted({field.name for field in model.fields.values()} - known.keys())
    return f"readable; {words}" + (
        f"; not in this database, so empty: {', '.join(missing)}" if missing else ""
    )
