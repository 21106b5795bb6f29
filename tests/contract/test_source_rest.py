"""The `rest` kind: every way to page, to follow, to log in, and what is refused out loud."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cases_rest import PEOPLE
from lake import Lake
from vendors import QUICK

from connectors.discovery import discover, offers
from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    LoopError,
    ShortReadError,
    SourceError,
)
from connectors.protocol import Request as Wanted
from connectors.registry import SourceContext, build_source
from connectors.sources.rest import RestSource
from connectors.testing.fakes.rest import RestFake
from connectors.testing.messages import Request, Response
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
Answer = Callable[[Request], Any]


@dataclass
class System:
    """A served API, a lake, and sources that are closed in the end."""

    url: str
    server: FakeServer
    store: RecordStore
    folder: Path
    lake: Lake
    opened: list[RestSource] = field(default_factory=list)

    def source(self, *streams: dict[str, Any], **settings: Any) -> RestSource:
        described = [{**PEOPLE, "records": "data", **stream} for stream in streams]
        wanted = {"base_url": self.url, **QUICK, "streams": described, **settings}
        built = build_source("crm", "rest", wanted, SourceContext(self.folder / "state"))
        assert isinstance(built, RestSource)
        self.opened.append(built)
        return built

    def people(self, source: RestSource, *columns: str) -> list[Any]:
        rows = self.lake.rows(source, "people", columns or ("source_record_id",))
        found = [tuple(row.values()) for row in rows]
        return [row[0] for row in found] if len(columns) < 2 else found

    def add(self, number: int, minute: int | None = None, **more: Any) -> None:
        at = START + timedelta(minutes=number if minute is None else minute)
        body = {"id": number, "name": {"last": f"Example {number}"}, "town": "Ulm"}
        stamps = {"joined": at.isoformat(), "changed": at.isoformat()}
        moment = at.timestamp()
        self.store.put(
            Record(
                *("rest", "contact", str(number), {**body, **stamps, **more}, number),
                *(moment, moment),
            )
        )


@contextmanager
def serving(folder: Path, handle: Answer | None = None) -> Iterator[System]:
    store = RecordStore(folder / "vendor.sqlite")
    store.set_now(START + timedelta(days=1))
    fake = RestFake(store)

    class App:
        def handle(self, request: Request) -> Response:
            found = handle(request) if handle else fake.handle(request)
            return found if isinstance(found, Response) else Response.of_json(found)

    with FakeServer(App()) as server:
        system = System(server.url, server, store, folder, Lake(folder))
        try:
            yield system
        finally:
            for source in system.opened:
                source.close()
            store.close()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with serving(tmp_path) as system:
        for number in range(1, 12):
            system.add(number)
        yield system


WAYS: dict[str, dict[str, Any]] = {
    "page": {
        "path": "page/contact",
        "params": {"page": "{page}", "limit": "{limit}"},
        "total": "meta.total",
        "paginate": {"by": "page", "size": 4},
    },
    "page without a total": {
        "path": "page/contact",
        "params": {"page": "{page}", "limit": "{limit}"},
        "paginate": {"by": "page", "size": 4},
    },
    "a size the system cuts": {
        "path": "page/contact",
        "params": {"page": "{page}", "limit": "{limit}"},
        "paginate": {"by": "page", "size": 5000},
    },
    "offset": {
        "path": "/offset/contact",
        "params": {"offset": "{offset}", "limit": "{limit}"},
        "paginate": {"by": "offset", "size": 4, "more": "meta.more"},
    },
    "next link": {
        "path": "next/contact",
        "params": {"limit": "{limit}"},
        "paginate": {"by": "next_link", "selector": "links.next", "size": 4},
    },
    "link header": {
        "path": "header/contact",
        "params": {"limit": "{limit}"},
        "records": ".",
        "paginate": {"by": "link_header", "size": 4},
    },
    "token": {
        "path": "token/contact",
        "method": "POST",
        "body": {"params": {"limit": "{limit}", "cursor": "{cursor}"}},
        "records": "result.items",
        "paginate": {"by": "token", "selector": "result.next_cursor", "size": 4},
    },
    "last id": {
        "path": "after/contact",
        "params": {"after": "{last_id}", "limit": "{limit}"},
        "paginate": {"by": "last_id", "field": "id", "size": 4},
    },
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_every_way_of_paging_brings_every_record(system: System, way: str) -> None:
    for number in range(12, 251 if "cuts" in way else 12):
        system.add(number)
    wanted = sorted(str(r.id) for r in system.store.query("rest", "contact"))
    source = system.source(WAYS[way])
    system.lake.pull(source)
    assert system.people(source) == wanted
    (chunks,) = [[key for keys in source.ids("people") for (key,) in keys]]
    assert set(chunks) == set(wanted)


@pytest.mark.parametrize("way", ["page", "offset", "next link", "link header"])
def test_a_list_that_shifts_is_walked_until_it_holds_still(system: System, way: str) -> None:
    def drift() -> None:
        system.store.delete("rest", "contact", "2")

    system.server.faults.on("contact").nth(2).drift(drift)
    source = system.source(WAYS[way])
    system.lake.pull(source)
    assert {"5", "11"} <= set(system.people(source)), "what moved to a read page was lost"
    assert len(system.people(source)) == 11, "the deleted one was read before it went"


def test_a_list_that_never_holds_still_is_an_error(tmp_path: Path) -> None:
    asked: list[int] = []

    def handle(request: Request) -> Any:
        asked.append(1)
        page = int(request.param("page") or 1)
        return {"data": [{"id": len(asked), "joined": None}] if page < 3 else []}

    with serving(tmp_path, handle) as system, pytest.raises(SourceError, match="hold still"):
        paged = {"path": "x", "params": {"page": "{page}"}, "paginate": {"by": "page"}}
        system.lake.pull(system.source(paged))


def test_walk_once_where_nothing_can_shift(system: System) -> None:
    way = WAYS["page"]
    source = system.source({**way, "paginate": {**way["paginate"], "walk": "once"}})
    system.lake.pull(source)
    assert len(system.server.requests) == 3


ONCE = {"path": "list"}


@pytest.mark.parametrize(
    ("answer", "more", "said"),
    [
        ({"items": []}, {}, "nothing at `records: data`; its keys are items"),
        ([], {}, "nothing at `records: data`; it is a list"),
        ({"data": None}, {}, "is null, not a list"),
        ({"data": {"id": 1}}, {}, "is an object, not a list"),
        ({"data": [1, 2]}, {}, "is a list, not a list of records"),
        ({"data": [], "error": {"text": "Anna"}}, {"error": "error"}, "reports an error"),
        ({"data": []}, {"total": "count"}, "no number at `total: count`"),
        (
            {"data": []},
            {"paginate": {"by": "page", "more": "m"}, "params": {"p": "{page}"}},
            "more",
        ),
        ({"data": []}, {"empty": "error"}, "first page is empty"),
        ({"data": [{"id": 1}]}, {"paginate": {"by": "last_id", "field": "nr"}}, "no id at"),
    ],
)
def test_what_an_answer_must_hold(
    tmp_path: Path, answer: Any, more: dict[str, Any], said: str
) -> None:
    if more.get("paginate", {}).get("by") == "last_id":
        more = {**more, "params": {"after": "{last_id}"}}
    with serving(tmp_path, lambda _: answer) as system:
        source = system.source({**ONCE, **more})
        with pytest.raises(SourceError) as caught:
            system.lake.pull(source)
    assert said in str(caught.value)
    assert caught.value.stream == "people"
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize("empty", [None, False, "", [], {}])
def test_an_empty_error_is_none(tmp_path: Path, empty: Any) -> None:
    with serving(tmp_path, lambda _: {"data": [], "error": empty}) as system:
        system.lake.pull(system.source({**ONCE, "error": "error"}))


def test_a_total_that_is_not_reached(tmp_path: Path) -> None:
    answer = {"data": [{"id": 1, "joined": None}], "count": "2"}
    with serving(tmp_path, lambda _: answer) as system, pytest.raises(ShortReadError):
        system.lake.pull(system.source({**ONCE, "total": "count"}))


@pytest.mark.parametrize("way", ["page without a total", "offset", "token", "last id", "next link"])
def test_the_same_page_again_and_again_is_a_loop(system: System, way: str) -> None:
    system.server.faults.on("contact").nth(2).every().repeat_previous()
    with pytest.raises(LoopError):
        system.lake.pull(system.source(WAYS[way]))


def test_last_ids_out_of_order_are_refused(tmp_path: Path) -> None:
    rows = [{"id": number, "joined": None} for number in (1, 5, 3)]
    with serving(tmp_path, lambda _: {"data": rows}) as system:
        source = system.source(
            {
                **ONCE,
                "params": {"after": "{last_id}"},
                "paginate": {"by": "last_id", "field": "id"},
            }
        )
        with pytest.raises(SourceError, match="order of `id`"):
            system.lake.pull(source)


def test_a_next_link_to_another_host_is_refused(tmp_path: Path) -> None:
    answer = {"data": [{"id": 1}], "next": "https://elsewhere.example.net/list?page=2"}
    paged = {**ONCE, "paginate": {"by": "next_link", "selector": "next"}}
    with (
        serving(tmp_path, lambda _: answer) as system,
        pytest.raises(ConfigurationError, match="another host"),
    ):
        system.lake.pull(system.source(paged, auth={"type": "bearer"}, secret="s3cret"))


def test_an_append_log_goes_on_after_the_last_number(system: System) -> None:
    log = {
        **WAYS["last id"],
        "cursor": {"kind": "append_log_id", "field": "id", "overlap": 2},
    }
    source = system.source(log)
    system.lake.pull(source)
    system.add(12)
    seen = len(system.server.requests)
    done = system.lake.pull(source)
    assert done["people"][1].inserted["people"] == 1
    assert [r.param("after") for r in system.server.requests[seen:]] == ["9", "12"]
    assert system.server.requests[0].param("after") is None


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("iso", "2026-06-01T12:06:00Z"),
        ("unix", "1780315560"),
        ("ms", "1780315560000"),
        ("date", "2026-06-01"),
        ("%d.%m.%Y %H:%M", "01.06.2026 14:06"),
    ],
)
def test_since_is_written_as_the_system_writes_times(
    tmp_path: Path, form: str, written: str
) -> None:
    values = {
        "iso": "2026-06-01T14:11:00+02:00",
        "unix": 1780315860,
        "ms": 1780315860500,
        "date": "2026-06-02",
        "%d.%m.%Y %H:%M": "01.06.2026 14:11",
    }
    asked: list[str | None] = []

    def handle(request: Request) -> Any:
        asked.append(request.param("since"))
        return {"data": [{"id": 1, "joined": None, "changed": values[form]}]}

    cursor = {"kind": "updated_since", "field": "changed", "format": form}
    lookback = {"lookback": "12h"} if form == "date" else {}
    with serving(tmp_path, handle) as system:
        source = system.source(
            {**ONCE, "params": {"since": "{since}"}, "cursor": {**cursor, **lookback}},
            timezone="Europe/Berlin",
        )
        system.lake.pull(source)
        system.lake.pull(source)
    assert asked == [None, written]


def test_a_record_without_its_time_of_change_is_an_error(tmp_path: Path) -> None:
    described = {
        **ONCE,
        "params": {"since": "{since}"},
        "cursor": {"kind": "updated_since", "field": "chnged"},
    }
    with (
        serving(tmp_path, lambda _: {"data": [{"id": 1}]}) as system,
        pytest.raises(SourceError, match="chnged"),
    ):
        system.lake.pull(system.source(described))


def test_fields_made_of_others_and_a_flag_of_deletion(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "state": "active", "made": {"y": 2026, "m": 5}, "first": "Anna", "last": "E."},
        {"id": 2, "state": "gone", "made": {"y": 2026, "m": 6}, "first": None, "last": "B."},
    ]
    described = {
        **ONCE,
        "compose": {"on": "{made.y}-{made.m}-1", "full": ["{first} {last}", "{last}"]},
        "columns": {"id": "source_record_id", "full": "last_name", "on": "birth_date"},
        "date_format": "%Y-%m-%d",
        "deletes": {"kind": "flag", "field": "state", "is": ["gone"]},
    }
    with serving(tmp_path, lambda _: {"data": rows}) as system:
        source = system.source(described)
        system.lake.pull(source)
        found = system.lake.rows(source, "people", ("last_name", "birth_date"))
        assert [(r["last_name"], str(r["birth_date"])) for r in found] == [
            ("Anna E.", "2026-05-01")
        ]
        gone = system.lake.rows(source, "people", ("last_name",), deleted=True)
        assert [row["last_name"] for row in gone] == ["B."]


def test_one_list_for_each_record_of_another(system: System) -> None:
    for parent, number in ((1, 101), (1, 102), (7, 103)):
        note = {"id": number, "at": "2026-06-02T08:00:00Z"}
        system.store.put(
            Record("rest", "note", str(number), note, number, 0.0, 0.0, parent=str(parent))
        )
    notes = {
        "entity": "activities",
        "path": "of/{each}",
        "for_each": {"stream": "people", "field": "id"},
        "columns": {"id": "source_activity_id", "_each": "source_record_id", "at": "occurred_at"},
        "constants": {},
    }
    source = system.source(WAYS["token"], notes)
    assert all(item.ok for item in source.check())
    system.lake.pull(source)
    rows = system.lake.rows(source, "activities", ("source_activity_id", "source_record_id"))
    assert [tuple(row.values()) for row in rows] == [("101", "1"), ("102", "1"), ("103", "7")]
    fixed = {**notes, "for_each": {"values": [7]}}
    other = system.source(WAYS["token"], fixed)
    (page,) = other.pages(_whole("activities"))
    assert [row["source_activity_id"] for row in page.rows["activities"]] == ["103"]


def _whole(stream: str) -> Wanted:
    return Wanted(stream=stream, full=True)


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("auth", "accepts"),
    [
        ({"type": "bearer"}, lambda r: r.headers["authorization"] == "Bearer s3cret"),
        ({"type": "header", "header": "X-Key"}, lambda r: r.headers["x-key"] == "s3cret"),
        (
            {"type": "header", "header": "Authorization", "prefix": "Token "},
            lambda r: r.headers["authorization"] == "Token s3cret",
        ),
        (
            {"type": "basic", "user": "me"},
            lambda r: r.headers["authorization"] == _basic("me:s3cret"),
        ),
        ({"type": "param", "param": "api_key"}, lambda r: r.param("api_key") == "s3cret"),
    ],
)
def test_every_kind_of_key(tmp_path: Path, auth: dict[str, Any], accepts: Any) -> None:
    def handle(request: Request) -> Any:
        try:
            good = accepts(request)
        except KeyError:
            good = False
        return {"data": []} if good else Response.of_json({}, 401)

    with serving(tmp_path, handle) as system:
        assert system.source(ONCE, auth=auth, secret="s3cret").check()[0].ok
        wrong = system.source(ONCE, auth=auth, secret="wrong")
        (item,) = wrong.check()
        assert not item.ok
        assert "401" in item.detail
        with pytest.raises(AuthenticationError):
            system.lake.pull(wrong)


def test_a_key_that_comes_back_in_a_link_is_neither_doubled_nor_kept(tmp_path: Path) -> None:
    keys: list[list[str]] = []

    def handle(request: Request) -> Any:
        keys.append([value for name, value in request.query if name == "key"])
        after = int(request.param("after") or 0)
        link = f"{request.base_url}/list?key=s3cret&after={after + 1}" if after < 2 else None
        return {"data": [{"id": after, "joined": None}], "next": link}

    paged = {
        **ONCE,
        "paginate": {"by": "next_link", "selector": "next", "walk": "once", "resumable": True},
    }
    with serving(tmp_path, handle) as system:
        source = system.source(paged, auth={"type": "param", "param": "key"}, secret="s3cret")
        system.lake.pull(source)
        assert len(system.people(source)) == 3
    assert keys == [["s3cret"]] * 3
    kept = [path for path in (tmp_path / "landing").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"s3cret" in path.read_bytes()]


@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_tokens_of_a_token_service(tmp_path: Path, grant: str) -> None:
    trades: list[str] = []

    def handle(request: Request) -> Any:
        if request.path == "/token":
            trades.append(request.body.decode())
            number = len(trades)
            lasting = {"access_token": f"a{number}", "expires_in": 3600}
            return {**lasting, "refresh_token": f"r{number}"}
        good = request.headers.get("authorization") == f"Bearer a{len(trades)}"
        return {"data": []} if good else Response.of_json({}, 401)

    with serving(tmp_path, handle) as system:
        auth = {"type": grant, "token_url": f"{system.url}/token", "client_id": "me"}
        keys = {"secret": "s3cret"} | (
            {"refresh_token": "r0"} if grant != "client_credentials" else {}
        )
        if grant == "client_credentials":
            auth["scope"] = "read"
        for _ in range(2):
            assert system.source(ONCE, auth=auth, **keys).check()[0].ok
        assert len(trades) == 1, "the token was not kept"
        assert ("scope=read" if grant == "client_credentials" else "refresh_token=r0") in trades[0]
        trades.append("revoked elsewhere")
        assert system.source(ONCE, auth=auth, **keys).check()[0].ok
        assert (f"grant_type={grant}") in trades[-1]
        if grant == "refresh_token":
            assert "refresh_token=r1" in trades[-1], "the replaced token was not used"


def test_limits_and_headers_are_sent_as_described(tmp_path: Path) -> None:
    seen: list[str | None] = []

    def handle(request: Request) -> Any:
        seen.append(request.headers.get("accept-language"))
        left = {"X-Left": "0", "X-Reset": "7200"}
        return Response.of_json({"data": []}, headers=left)

    limits = {"per_second": 50, "quota": {"remaining": "X-Left", "reset": "X-Reset"}}
    with serving(tmp_path, handle) as system:
        source = system.source(ONCE, limits=limits, headers={"Accept-Language": "de"})
        (item,) = source.check()
    assert seen == ["de"]
    assert not item.ok
    assert "allowance is used up" in item.detail


def test_check_and_discover_tell_what_is_mapped_and_what_is_not(system: System) -> None:
    columns = {**PEOPLE["columns"], "mail": "email"}
    source = system.source({**WAYS["page"], "columns": columns})
    (item,) = source.check()
    assert item.ok
    assert "4 records" in item.detail
    assert "mail" in item.detail
    assert [offer.name for offer in offers(source)] == ["people: changed"]
    (found,) = discover(source, "people")
    assert found.records == 4
    (wrong,) = system.source({**WAYS["page"], "columns": {"nr": "source_record_id"}}).check()
    assert not wrong.ok
    assert "nr" in wrong.detail


def test_blanks_without_a_value_are_left_out(tmp_path: Path) -> None:
    bodies: list[Any] = []

    def handle(request: Request) -> Any:
        bodies.append(json.loads(request.body))
        return {"data": []}

    body = {
        "where": [["active", "=", True], ["changed", ">=", "{since}"]],
        "filter": {"from": "{since}"},
        "text": "changed > {since}",
        "number": "{limit}",
        "default": "{until}",
        "query": "{ people { id } }",
    }
    with serving(tmp_path, handle) as system:
        source = system.source(
            {
                **ONCE,
                "method": "POST",
                "body": body,
                "defaults": {"until": "2099-01-01"},
                "paginate": {"size": 7},
                "cursor": {"kind": "created_only", "field": "joined", "format": "date"},
            }
        )
        list(source.pages(_whole("people")))
    assert bodies == [
        {
            "where": [["active", "=", True]],
            "number": 7,
            "default": "2099-01-01",
            "query": "{ people { id } }",
        }
    ]
