"""Zendesk's own traps: generated_timestamp, flags, edges that repeat, texts that must not land."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sites import VendorSite, site
from vendors import NOW

from connectors.errors import AuthenticationError, LoopError, NotPermitted, SourceError
from connectors.registry import SOURCES
from connectors.sources.zendesk.client import limit_of
from connectors.sources.zendesk.settings import ZendeskSettings
from connectors.testing.fakes.zendesk import ZendeskFake
from connectors.testing.faults import Faults
from connectors.testing.store import Record

LOGIN = {"email": "admin@example.org", "api_token": "sandbox-zendesk-token"}
START = NOW.timestamp()
SECRET = "PRIVATE"


class Desk:
    """A help desk; `save` stores a record as changed so many seconds before now."""

    def __init__(self, vendor: VendorSite) -> None:
        self.vendor, self.lake = vendor, vendor.lake

    def save(self, entity: str, id: int, *, ago: float = 3600, **body: Any) -> None:
        known = self.vendor.store.get("zendesk", entity, str(id))
        full = {"id": id, **(known.body if known else {}), **body}
        at = self.vendor.store.now().timestamp() - ago
        made = known.created if known else at
        self.vendor.store.put(Record("zendesk", entity, str(id), full, id, made, at))

    def step(self, id: int, ticket: int, status: str, before: str | None, ago: float) -> None:
        child = {"id": id * 10, "event_type": "Change", "status": status, "previous_value": before}
        self.save("ticket_event", id, ago=ago, ticket_id=ticket, child_events=[child])

    def wait(self, **time: float) -> None:
        self.vendor.store.set_now(self.vendor.store.now() + timedelta(**time))

    def rows(self, source: Any, stream: str, *columns: str) -> list[dict[str, Any]]:
        return self.lake.rows(source, stream, columns)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def desk(tmp_path: Path, faults: Faults) -> Iterator[Desk]:
    with site("zendesk", tmp_path, ZendeskFake, faults) as vendor:
        yield Desk(vendor)


def test_a_change_by_the_system_is_seen_though_updated_at_stays(desk: Desk) -> None:
    desk.save("ticket", 1, status="solved", updated_at="2026-06-01T08:00:00Z")
    source = desk.vendor.source(**LOGIN)
    desk.lake.pull(source, "ticket")
    desk.wait(hours=4)
    desk.save("ticket", 1, ago=120, status="closed")
    desk.lake.pull(source, "ticket")
    assert desk.rows(source, "ticket", "status") == [{"status": "closed"}]
    asked = desk.vendor.asked("/api/v2/incremental/tickets/cursor.json")[-1]
    assert asked.param("start_time") == str(int(START) - 3600 - 300)


def test_the_last_minute_comes_with_the_next_read(desk: Desk) -> None:
    desk.save("ticket", 1)
    desk.save("ticket", 2, ago=20)
    source = desk.vendor.source(**LOGIN)
    desk.lake.pull(source, "ticket")
    assert desk.rows(source, "ticket", "id") == [{"id": 1}]
    desk.wait(minutes=2)
    desk.lake.pull(source, "ticket")
    assert desk.rows(source, "ticket", "id") == [{"id": 1}, {"id": 2}]


def test_deleted_records_are_flagged(desk: Desk) -> None:
    for number in (1, 2):
        desk.save("ticket", number, status="open")
        desk.save("user", number, name=f"Person {number}")
        desk.save("organization", number, name=f"Club {number}")
    source = desk.vendor.source(**LOGIN)
    desk.lake.pull(source)
    desk.wait(hours=1)
    desk.save("ticket", 1, ago=90, status="deleted")
    desk.save("user", 1, ago=90, active=False)
    desk.save("organization", 1, ago=90, deleted_at="2026-06-30T12:58:30Z")
    desk.lake.pull(source)
    for stream in ("ticket", "user", "organization"):
        assert desk.rows(source, stream, "id") == [{"id": 2}], stream
        assert [row["id"] for row in desk.lake.rows(source, stream, ["id"], deleted=True)] == [1]


def test_page_edges_that_come_twice_count_once(desk: Desk) -> None:
    for number in range(1, 8):  # two of them in each second, pages of three
        desk.save("organization", number, ago=3600 - number // 2, name=f"Club {number}")
    source = desk.vendor.source(**LOGIN, page_size=3)
    receipt, loaded = desk.lake.pull(source, "organization")["organization"]
    assert receipt.rows["organization"] > 7
    assert loaded.inserted["organization"] == 7
    starts = [
        request.param("start_time")
        for request in desk.vendor.asked("/api/v2/incremental/organizations.json")
    ]
    assert starts == ["0", str(int(START) - 3599), str(int(START) - 3598)]


def test_an_export_that_stands_still_is_an_error(desk: Desk, faults: Faults) -> None:
    body = {"organizations": [{"id": 1}], "end_time": 5, "end_of_stream": False, "count": 1}
    faults.on("/incremental/organizations").every().status(200, body)
    with pytest.raises(LoopError, match="start_time=5"):
        desk.lake.extract(desk.vendor.source(**LOGIN), "organization")


def test_an_empty_page_is_not_the_end(desk: Desk, faults: Faults) -> None:
    desk.save("ticket", 1)
    after = "MTc4MjgwMDAwMC4wfHwwfA=="  # 1782800000.0||0|
    body = {"tickets": [], "after_cursor": after, "end_of_stream": False}
    faults.on("/incremental/tickets").status(200, body)
    source = desk.vendor.source(**LOGIN)
    desk.lake.pull(source, "ticket")
    assert desk.rows(source, "ticket", "id") == [{"id": 1}]


def test_no_request_pages_by_number(desk: Desk) -> None:
    for number in range(1, 12):
        for entity in ("ticket", "user", "organization"):
            desk.save(entity, number, ago=3600 - number)
        desk.step(number, number, "open", "new", 3600 - number)
        desk.save("satisfaction_rating", number, score="good", ticket_id=number)
    source = desk.vendor.source(**LOGIN, page_size=2)
    assert all(item.ok for item in source.check())
    desk.lake.pull(source)
    desk.wait(hours=1)
    desk.lake.pull(source)
    assert len(desk.rows(source, "satisfaction_rating", "id")) == 11
    names = {name for request in desk.vendor.server.requests for name, _ in request.query}
    assert "page" not in names
    assert {"cursor", "start_time", "page[after]"} <= names
    paths = {request.path for request in desk.vendor.server.requests}
    assert not paths & {"/api/v2/tickets.json", "/api/v2/users.json"}


def test_texts_and_tags_never_land(desk: Desk, tmp_path: Path) -> None:
    desk.save(
        "ticket",
        1,
        subject=SECRET,
        description=SECRET,
        tags=[f"{SECRET}-tag", "vip"],
        custom_fields=[{"id": 9, "value": SECRET}],
        via={"channel": "email", "source": {"from": {"address": SECRET}}},
        satisfaction_rating={"score": "good", "comment": SECRET},
        recipient=SECRET,
    )
    desk.save("user", 1, name="Anna", notes=SECRET, user_fields={"diagnosis": SECRET})
    desk.save("organization", 1, name="Club", notes=SECRET, details=SECRET)
    children = [
        {"id": 1, "event_type": "Change", "subject": SECRET, "previous_value": SECRET},
        {"id": 2, "event_type": "Comment", "body": SECRET},
        {"id": 3, "event_type": "Create", "status": "new", "subject": SECRET},
    ]
    desk.save("ticket_event", 1, ticket_id=1, child_events=children, system={"client": SECRET})
    desk.save("satisfaction_rating", 1, score="bad", comment=SECRET, reason=SECRET)
    source = desk.vendor.source(**LOGIN, tags=["vip"])
    desk.lake.pull(source)
    landed = repr([desk.rows(source, spec.name, "*") for spec in source.streams()])
    assert "vip" in landed
    assert "email" in landed
    assert SECRET not in landed
    assert desk.rows(source, "ticket_event", "id", "status") == [{"id": 3, "status": "new"}]
    # Landing itself, not only what was loaded from it.
    files = [gzip.decompress(f.read_bytes()) for f in (tmp_path / "landing").rglob("*.gz")]
    assert files
    assert not any(SECRET.encode() in content for content in files)


def test_metrics_come_with_the_tickets_in_either_form(desk: Desk, faults: Faults) -> None:
    minutes = {"calendar": 30, "business": 10}
    desk.save("ticket", 1, status="solved")
    desk.save("ticket_metric", 1, reopens=2, first_resolution_time_in_minutes=minutes)
    source = desk.vendor.source(**LOGIN)
    desk.lake.pull(source, "ticket")
    wanted = ("ticket_id", "reopens", "first_resolution_minutes")
    assert desk.rows(source, "ticket_metric", *wanted) == [
        {"ticket_id": 1, "reopens": 2, "first_resolution_minutes": 30}
    ]
    inside = {"id": 2, "status": "open", "metric_set": {"ticket_id": 2, "reopens": 5}}
    body = {"tickets": [inside], "after_cursor": "x", "end_of_stream": True}
    faults.on("/incremental/tickets").status(200, body)
    desk.lake.pull(source, "ticket", full=True)
    assert {"ticket_id": 2, "reopens": 5, "first_resolution_minutes": None} in desk.rows(
        source, "ticket_metric", *wanted
    )


def test_a_rating_given_weeks_after_it_was_asked_for(desk: Desk) -> None:
    desk.save("satisfaction_rating", 1, score="offered", ticket_id=1)
    source = desk.vendor.source(**LOGIN)
    desk.lake.pull(source, "satisfaction_rating")
    assert desk.rows(source, "satisfaction_rating", "id") == []
    desk.save("satisfaction_rating", 2, score="good", ticket_id=2)
    desk.lake.pull(source, "satisfaction_rating")
    desk.wait(days=15)
    desk.save("satisfaction_rating", 3, score="good", ticket_id=3)
    desk.lake.pull(source, "satisfaction_rating")
    desk.wait(days=5)
    desk.save("satisfaction_rating", 1, score="bad", ago=600)
    desk.lake.pull(source, "satisfaction_rating")
    found = desk.rows(source, "satisfaction_rating", "id", "score")
    assert [tuple(row.values()) for row in found] == [(1, "bad"), (2, "good"), (3, "good")]


def test_case_type_is_the_first_rule_that_fits(desk: Desk) -> None:
    desk.save("ticket", 1, ticket_form_id=77, tags=["refund"], type="problem")
    desk.save("ticket", 2, tags=["refund"], type="problem")
    desk.save("ticket", 3, type="problem")
    desk.save("ticket", 4, type="question")
    desk.save("ticket", 5)
    rules = {"form:77": "Hardship", "tag:refund": "Refund", "type:problem": "Complaint"}
    source = desk.vendor.source(**LOGIN, case_types=rules)
    desk.lake.pull(source, "ticket")
    found = [row["case_type"] for row in desk.rows(source, "ticket", "id", "case_type")]
    assert found == ["Hardship", "Refund", "Complaint", "question", None]
    assert {row["tags"] for row in desk.rows(source, "ticket", "id", "tags")} == {"[]"}


def test_member_number_and_contact_id_come_from_the_configured_fields(desk: Desk) -> None:
    desk.save("user", 1, external_id=" 4711 ", user_fields={"member_no": "M-0001", "other": "x"})
    desk.save("user", 2, external_id="")
    source = desk.vendor.source(
        **LOGIN, member_number_field="member_no", contact_id_field="external_id"
    )
    desk.lake.pull(source, "user")
    columns = ("id", "member_number", "contact_id", "contact_system")
    first, second = desk.rows(source, "user", *columns)
    assert tuple(first.values()) == (1, "M-0001", "4711", "civicrm")
    assert tuple(second.values()) == (2, None, None, None)


def test_a_slice_ends_where_it_should(desk: Desk) -> None:
    for number in range(1, 10):
        desk.save("ticket", number, ago=86_400 * (10 - number))
    source = desk.vendor.source(**LOGIN, page_size=2)
    window = {"since": NOW - timedelta(days=8), "until": NOW - timedelta(days=4)}
    desk.lake.pull(source, "ticket", **window)
    assert [row["id"] for row in desk.rows(source, "ticket", "id")] == [2, 3, 4, 5]
    asked = desk.vendor.asked("/api/v2/incremental/tickets/cursor.json")
    assert len(asked) == 3


def test_a_conflict_is_tried_again(desk: Desk, faults: Faults) -> None:
    desk.save("ticket", 1)
    rule = faults.on("/incremental/tickets").status(409, {"error": "DatabaseConflict"})
    source = desk.vendor.source(**LOGIN)
    desk.lake.pull(source, "ticket")
    assert rule.hits == 1
    assert desk.rows(source, "ticket", "id") == [{"id": 1}]


def test_refusals_in_plain_words(desk: Desk, faults: Faults) -> None:
    wrong = desk.vendor.source(**{**LOGIN, "api_token": "wrong-token"})
    with pytest.raises(AuthenticationError, match="token access") as caught:
        desk.lake.extract(wrong, "ticket")
    assert "wrong-token" not in str(caught.value)
    assert [item.ok for item in wrong.check()] == [False]
    forbidden = {"error": {"title": "Forbidden", "message": "You do not have access"}}
    faults.on("/satisfaction_ratings").every().status(403, forbidden)
    source = desk.vendor.source(oauth_token="sandbox-zendesk-oauth")
    with pytest.raises(NotPermitted, match=r"satisfaction_ratings.*administrator"):
        desk.lake.extract(source, "satisfaction_rating")
    said = {item.name: item for item in source.check()}
    assert not said["satisfaction_rating"].ok
    assert "generated_timestamp" in said["ticket"].detail
    assert "time-based" in said["organization"].detail
    assert sorted(said) == sorted(s.name for s in source.streams() if s.parent is None)


def test_a_start_in_the_last_minute_is_named(desk: Desk) -> None:
    with pytest.raises(SourceError, match="last minute"):
        desk.lake.extract(desk.vendor.source(**LOGIN), "ticket", since=NOW)


def test_an_answer_without_its_key_is_an_error(desk: Desk, faults: Faults) -> None:
    faults.on("/incremental/users").every().status(200, {"results": []})
    with pytest.raises(SourceError, match="users"):
        desk.lake.extract(desk.vendor.source(**LOGIN), "user")


def test_tags_are_json(desk: Desk) -> None:
    desk.save("ticket", 1, tags=["vip", "new"])
    source = desk.vendor.source(**LOGIN, tags=["vip"])
    desk.lake.pull(source, "ticket")
    (row,) = desk.rows(source, "ticket", "tags")
    assert json.loads(row["tags"]) == ["vip"]


def test_the_exports_own_limit_is_kept_with_zendesk_only() -> None:
    def settings(url: str, **more: Any) -> ZendeskSettings:
        return ZendeskSettings.model_validate({"base_url": url, **LOGIN, **more})

    assert limit_of(settings("https://club.zendesk.com")).per_second == pytest.approx(10 / 60)
    faster = settings("https://club.zendesk.com", exports_per_minute=30)
    assert limit_of(faster).per_second == pytest.approx(0.5)
    assert limit_of(settings("http://127.0.0.1:8080")).per_second is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"api_token": None}, "either api_token"),
        ({"oauth_token": "x-1234"}, "either api_token"),
        ({"email": None}, "needs email"),
        ({"case_types": {"subject:help": "Help"}}, "form:<id>"),
        ({"exports_per_minute": 31}, "exports_per_minute"),
        ({"page_size": 1001}, "page_size"),
    ],
)
def test_settings_that_can_not_work_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SOURCES["zendesk"].settings.model_validate(
            {"base_url": "https://club.zendesk.com", **LOGIN, **changed}
        )
    assert said in str(caught.value)
    assert "1234" not in str(caught.value)
    assert LOGIN["api_token"] not in str(caught.value)
