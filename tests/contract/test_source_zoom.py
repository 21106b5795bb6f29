"""Zoom's own traps: what expires, what comes late, stays without names, two kinds of 429."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sites import VendorSite, site
from vendors import z

from connectors.errors import (
    AuthenticationError,
    LoopError,
    PermissionError_,
    QuotaExhausted,
    ShortReadError,
)
from connectors.protocol import Request
from connectors.sources.zoom.client import LIMITS, Refused, encoded, vendor_error
from connectors.testing.fakes.zoom import ZoomFake
from connectors.testing.faults import Faults

# Reports reach back from the real today, so the vendor's clock is set close to it.
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)
KEY = {
    "account_id": "sandbox-account",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-zoom-secret",
}
TALK = 8_000_000_001


class Account:
    """Hosts, webinars, registrants and stays of one account."""

    def __init__(self, vendor: VendorSite, fake: ZoomFake) -> None:
        self.vendor, self.lake, self.fake, self._number = vendor, vendor.lake, fake, 0

    def source(self, **settings: Any) -> Any:
        return self.vendor.source(oauth_url=self.vendor.server.url, **{**KEY, **settings})

    def host(self, id: str, **more: Any) -> None:
        self._put("user", id, {"id": id, **more}, "")

    def webinar(self, id: int = TALK, host: str = "host_A", **more: Any) -> None:
        body = {"id": id, "uuid": f"{id}==", "host_id": host, "topic": "Talk", "start_time": z(NOW)}
        self._put("webinar", str(id), {**body, **more}, host)

    def registrant(self, id: str, status: str = "approved", webinar: int = TALK) -> None:
        body = {"id": id, "email": f"{id}@example.org", "first_name": "Anna", "status": status}
        self._put("registrant", f"{webinar}-{id}", body, str(webinar))

    def took_place(self, uuid: str, ago: timedelta, host: str = "host_A", **more: Any) -> None:
        times = {"start_time": z(NOW - ago), "end_time": z(NOW - ago + timedelta(hours=1))}
        self._put(
            "instance", uuid, {"uuid": uuid, "id": TALK, "topic": "Talk", **times, **more}, host
        )

    def stay(self, uuid: str, user: str, minutes: int = 0, **more: Any) -> None:
        joined = {"user_id": user, "join_time": z(NOW + timedelta(minutes=minutes)), "duration": 60}
        self._put("participant", f"{uuid}-{self._number}", {**joined, **more}, uuid)

    def at(self, moment: datetime) -> None:
        self.vendor.store.set_now(moment)

    def keys(self, source: Any, stream: str, column: str, **how: Any) -> list[Any]:
        return [row[column] for row in self.lake.rows(source, stream, [column], **how)]

    def _put(self, entity: str, id: str, body: dict[str, Any], parent: str) -> None:
        self._number += 1
        self.vendor.put(entity, id, self._number, body, parent=parent)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def account(tmp_path: Path, faults: Faults) -> Iterator[Account]:
    yield from _account(tmp_path, faults)


def _account(folder: Path, faults: Faults | None = None, **options: Any) -> Iterator[Account]:
    made: list[ZoomFake] = []

    def app(store: Any) -> ZoomFake:
        made.append(ZoomFake(store, **options))
        return made[0]

    with site("zoom", folder, app, faults) as vendor:
        account = Account(vendor, made[0])
        account.at(NOW)
        account.host("host_A")
        yield account


def test_registrants_come_in_every_status_and_a_withdrawn_one_is_buried(account: Account) -> None:
    account.webinar()
    for id, status in (("r1", "approved"), ("r2", "pending"), ("r3", "denied")):
        account.registrant(id, status)
    source = account.source()
    account.lake.pull(source, "webinar")
    rows = account.lake.rows(source, "registrant", ["id", "status"])
    assert [row["status"] for row in rows] == ["approved", "pending", "denied"]
    account.vendor.store.delete("zoom", "registrant", f"{TALK}-r1")
    account.lake.pull(source, "webinar")
    assert account.keys(source, "registrant", "id") == ["r2", "r3"]
    assert account.keys(source, "registrant", "id", deleted=True) == ["r1"]


def test_who_is_approved_while_reading_is_there_once(account: Account, faults: Faults) -> None:
    account.webinar()
    account.registrant("r1", "pending")
    faults.on("/registrants").nth(2).drift(lambda: account.registrant("r1", "approved"))
    source = account.source()
    _, loaded = account.lake.pull(source, "webinar")["webinar"]
    assert loaded.quarantined["registrant"] == 0
    (row,) = account.lake.rows(source, "registrant", ["id", "status"])
    assert row == {"id": "r1", "status": "approved"}


def test_an_expired_webinar_and_its_registrants_stay(account: Account) -> None:
    account.webinar()
    account.registrant("r1")
    source = account.source()
    account.lake.pull(source, "webinar")
    account.at(NOW + timedelta(days=31))
    receipt, _ = account.lake.pull(source, "webinar")["webinar"]
    assert receipt.rows["webinar"] == 0
    assert account.keys(source, "webinar", "id") == [TALK]
    assert account.keys(source, "registrant", "id") == ["r1"]


def test_a_webinar_that_goes_while_reading_loses_nobody(account: Account, faults: Faults) -> None:
    for id in (TALK, TALK + 1):
        account.webinar(id)
        account.registrant("r1", webinar=id)
    source = account.source()
    account.lake.pull(source, "webinar")
    gone = f"/webinars/{TALK}/registrants"
    faults.on(gone).every().status(404, {"code": 3001, "message": "Webinar has expired."})
    account.registrant("r2", webinar=TALK + 1)
    account.lake.pull(source, "webinar")
    assert account.keys(source, "registrant", "id") == ["r1", "r1", "r2"]


def test_hosts_without_a_plan_or_licence_are_passed_over(account: Account) -> None:
    account.host("host_0", has_plan=False)
    account.host("host_B", type=1)
    account.host("host_Z")
    account.webinar(host="host_Z")
    source = account.source()
    account.lake.pull(source, "webinar")
    assert account.keys(source, "webinar", "host_id") == ["host_Z"]
    assert account.vendor.asked("/v2/users/host_B/webinars") == []
    with pytest.raises(PermissionError_, match="webinar plan"):
        account.lake.extract(account.source(hosts=["host_0"]), "webinar", full=True)


def test_a_webinar_without_registration_is_read_all_the_same(account: Account) -> None:
    account.webinar(registration=False)
    account.webinar(TALK + 1)
    source = account.source()
    account.lake.pull(source, "webinar")
    assert account.keys(source, "webinar", "id") == [TALK, TALK + 1]


def test_occurrences_of_a_series_are_one_webinar(account: Account) -> None:
    account.webinar(type=9)
    later = {"id": TALK, "topic": "Talk", "type": 9, "start_time": z(NOW + timedelta(days=7))}
    account.vendor.put("webinar", "second", 99, {**later, "host_id": "host_A"}, parent="host_A")
    source = account.source()
    _, loaded = account.lake.pull(source, "webinar")["webinar"]
    assert loaded.quarantined["webinar"] == 0
    (row,) = account.lake.rows(source, "webinar", ["start_time"])
    assert row["start_time"] == NOW.replace(tzinfo=None)


@pytest.mark.parametrize("uuid", ["/begins==", "two//slashes==", "one/slash==", "a+b=="])
def test_every_uuid_finds_its_report(account: Account, uuid: str) -> None:
    account.took_place(uuid, timedelta(days=1))
    account.stay(uuid, "1")
    source = account.source()
    account.lake.pull(source, "instance")
    assert account.keys(source, "participant", "instance") == [uuid]


def test_uuids_are_encoded_twice_only_where_they_must() -> None:
    assert encoded("a+b/c==") == "a%2Bb%2Fc%3D%3D"
    assert encoded("/abc==") == "%252Fabc%253D%253D"
    assert encoded("a//b==") == "a%252F%252Fb%253D%253D"


def test_meetings_are_no_webinars_and_a_first_read_goes_back_six_months(account: Account) -> None:
    account.took_place("meeting", timedelta(days=2), type=2)
    account.took_place("series", timedelta(days=170), type=9)
    source = account.source()
    account.lake.pull(source, "instance")
    assert account.keys(source, "instance", "uuid") == ["series"]
    asked = account.vendor.asked("/v2/report/users/host_A/meetings")
    periods = [(dict(one.query)["from"], dict(one.query)["to"]) for one in asked]
    assert all(left < right for (_, left), (right, _) in pairwise(periods))
    assert len(periods) == 7


def test_late_attendance_is_read_again_for_three_days(tmp_path: Path) -> None:
    for account in _account(tmp_path, report_delay=timedelta(days=2)):
        account.took_place("u1", timedelta(hours=5))
        account.stay("u1", "1")
        source = account.source()
        account.lake.pull(source, "instance")
        assert account.keys(source, "participant", "user_id") == []
        account.at(NOW + timedelta(days=2))
        account.lake.pull(source, "instance")
        assert account.keys(source, "participant", "user_id") == ["1"]
        (again,) = account.vendor.asked("/v2/report/users/host_A/meetings")[7:]
        began = NOW - timedelta(hours=5)
        assert dict(again.query)["from"] == (began - timedelta(days=3)).date().isoformat()


@pytest.mark.parametrize(("status", "code"), [(400, 12702), (404, 3001)])
def test_what_is_no_longer_told_stays_as_it_was(
    account: Account, faults: Faults, status: int, code: int
) -> None:
    for uuid in ("u1", "u2"):
        account.took_place(uuid, timedelta(days=1))
        account.stay(uuid, "1")
    source = account.source()
    account.lake.pull(source, "instance")
    faults.on("/webinars/u1/").every().status(status, {"code": code, "message": "Not told."})
    account.stay("u2", "2")
    account.lake.pull(source, "instance")
    assert account.keys(source, "participant", "instance") == ["u1", "u2", "u2"]
    assert account.keys(source, "participant", "instance", deleted=True) == []


def test_stays_are_landed_apart_and_without_names(account: Account) -> None:
    account.took_place("u1", timedelta(days=1))
    account.stay("u1", "1", 0, registrant_id="r1")
    account.stay("u1", "1", 30, registrant_id="r1", user_email="ANNA@example.org")
    account.stay("u1", "", 0)
    account.stay("u1", "", 0)
    source = account.source()
    account.lake.pull(source, "instance")
    rows = account.lake.rows(source, "participant")
    assert len(rows) == 4, "two anonymous stays that look alike are two"
    assert {row["registrant_id"] for row in rows} == {"r1", ""}
    assert {row["user_email_key"] for row in rows} == {"anna@example.org", None}
    landed = repr(rows) + repr(account.lake.rows(source, "instance"))
    assert "Somebody" not in landed
    assert "Harriet" not in landed


def test_registrants_leave_texts_and_links_behind(account: Account) -> None:
    account.webinar()
    account.registrant("r1")
    source = account.source()
    account.lake.pull(source, "webinar")
    landed = repr([account.lake.rows(source, name) for name in ("webinar", "registrant")])
    assert "r1@example.org" in landed
    for word in ("nobody needs", "registrant-token", "zoom.us", "Example Street", "Example Ltd"):
        assert word not in landed


def test_questions_polls_and_chat_are_never_asked_for(account: Account) -> None:
    account.webinar()
    account.registrant("r1")
    account.took_place("u1", timedelta(days=1))
    source = account.source()
    source.check()
    account.lake.pull(source)
    last = {request.path.rpartition("/")[2] for request in account.vendor.server.requests}
    assert last == {"token", "users", "webinars", "registrants", "meetings", "participants"}


def test_a_page_token_that_dies_begins_the_list_anew(account: Account, faults: Faults) -> None:
    account.webinar()
    for number in range(7):
        account.registrant(f"r{number}")
    late = NOW + timedelta(minutes=16)
    faults.on("status=approved.*next_page_token").drift(lambda: account.at(late))
    source = account.source(page_size=3)
    account.lake.pull(source, "webinar")
    assert len(account.keys(source, "registrant", "id")) == 7


def test_a_list_that_goes_in_circles_or_falls_short_is_an_error(
    account: Account, faults: Faults
) -> None:
    for number in range(7):
        account.webinar(TALK + number)
    source = account.source(page_size=3)
    faults.on("/webinars\\?").nth(2).every().repeat_previous()
    with pytest.raises(LoopError):
        account.lake.extract(source, "webinar")
    faults.clear()
    short = {"total_records": 7, "next_page_token": "", "webinars": []}
    faults.on("/webinars\\?").every().status(200, short)
    with pytest.raises(ShortReadError, match="counts 7"):
        account.lake.extract(source, "webinar")


def test_a_days_limit_is_no_throttling(tmp_path: Path) -> None:
    for account in _account(tmp_path, heavy_per_day=8):
        for number in range(3):
            account.took_place(f"u{number}", timedelta(days=1))
        source = account.source()
        with pytest.raises(QuotaExhausted) as caught:
            account.lake.extract(source, "instance")
        assert caught.value.until > datetime.now(UTC)
        heavy = [one for one in account.vendor.server.requests if "/report/" in one.path]
        assert len(heavy) == 9, "the refused one is not repeated"
        account.fake.reset()
        receipt = account.lake.extract(source, "instance")
        assert receipt.resumed
        assert receipt.rows["instance"] == 3


def test_a_429_without_a_time_waits_for_midnight(account: Account, faults: Faults) -> None:
    account.took_place("u1", timedelta(days=1))
    faults.on("/report/").every().rate_limited(form="none", body={"code": 429, "message": "Daily"})
    with pytest.raises(QuotaExhausted, match="heavy") as caught:
        account.lake.extract(account.source(), "instance")
    until = caught.value.until
    assert (until.hour, until.minute) == (0, 0)
    assert timedelta(0) < until - datetime.now(UTC) <= timedelta(days=1)


def test_lists_and_reports_have_limits_of_their_own() -> None:
    assert LIMITS["pro"]["heavy"].per_day == 30_000
    assert LIMITS["business"]["heavy"].per_day == 60_000
    assert LIMITS["pro"]["medium"].per_day is None
    assert (LIMITS["pro"]["medium"].per_second, LIMITS["pro"]["heavy"].per_second) == (20, 10)


def test_a_token_that_dies_on_the_way_is_renewed_once(account: Account, faults: Faults) -> None:
    account.webinar()
    account.registrant("r1")
    faults.on("/registrants").drift(account.fake.expire_token)
    source = account.source()
    account.lake.pull(source, "webinar")
    assert account.keys(source, "registrant", "id") == ["r1"]
    assert len(account.vendor.asked("/oauth/token")) == 2


def test_refusals_in_plain_words(account: Account) -> None:
    wrong = account.source(client_secret="not-the-secret")
    with pytest.raises(AuthenticationError) as caught:
        account.lake.extract(wrong, "webinar")
    assert "not-the-secret" not in str(caught.value)
    assert [item.ok for item in wrong.check()] == [False]
    body = {"code": 4711, "message": "does not contain scopes: Anna"}
    assert isinstance(vendor_error(400, body), PermissionError_)
    other = vendor_error(400, {"code": 1010, "message": "User Anna does not belong"})
    assert isinstance(other, Refused)
    assert "Anna" not in str(other)
    assert vendor_error(200, {"webinars": []}) is None


def test_check_says_hosts_and_windows(account: Account, faults: Faults) -> None:
    account.host("host_0", has_plan=False)
    account.webinar()
    said = {item.name: item for item in account.source().check()}
    assert "1 of 2 hosts have a webinar plan; 1 webinars" in said["webinar"].detail
    assert "3 days" in said["instance"].detail
    faults.on("/report/").every().status(400, {"code": 4711, "message": "scopes"})
    blocked = {item.name: item.ok for item in account.source().check()}
    assert blocked == {"webinar": True, "registrant": True, "instance": False}


def test_a_slice_is_kept_to(account: Account) -> None:
    for days in (1, 5, 9):
        account.took_place(f"u{days}", timedelta(days=days))
    account.took_place("u6", timedelta(days=6, hours=1))  # on the first day, but before its hour
    wanted = Request("instance", since=NOW - timedelta(days=6), until=NOW - timedelta(days=2))
    pages = list(account.source().pages(wanted))
    assert [page.token for page in pages] == ["host_A:u5"]
