"""Zoom's webinars and registrants: what expires, withdraws, or changes while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from vendors import z
from zoom_account import NOW, TALK, ZoomAccount, zoom_account

from connectors.errors import (
    AuthenticationError,
    LoopError,
    NotPermitted,
    ShortReadError,
)
from connectors.sources.zoom.client import Refused, vendor_error
from connectors.testing.faults import Faults


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def account(tmp_path: Path, faults: Faults) -> Iterator[ZoomAccount]:
    with zoom_account(tmp_path, faults) as made:
        yield made


def test_registrants_come_in_every_status_and_a_withdrawn_one_is_buried(
    account: ZoomAccount,
) -> None:
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


def test_who_is_approved_while_reading_is_there_once(account: ZoomAccount, faults: Faults) -> None:
    account.webinar()
    account.registrant("r1", "pending")
    faults.on("/registrants").nth(2).drift(lambda: account.registrant("r1", "approved"))
    source = account.source()
    _, loaded = account.lake.pull(source, "webinar")["webinar"]
    assert loaded.quarantined["registrant"] == 0
    (row,) = account.lake.rows(source, "registrant", ["id", "status"])
    assert row == {"id": "r1", "status": "approved"}


def test_an_expired_webinar_and_its_registrants_stay(account: ZoomAccount) -> None:
    account.webinar()
    account.registrant("r1")
    source = account.source()
    account.lake.pull(source, "webinar")
    account.at(NOW + timedelta(days=31))
    receipt, _ = account.lake.pull(source, "webinar")["webinar"]
    assert receipt.rows["webinar"] == 0
    assert account.keys(source, "webinar", "id") == [TALK]
    assert account.keys(source, "registrant", "id") == ["r1"]


def test_a_webinar_that_goes_while_reading_loses_nobody(
    account: ZoomAccount, faults: Faults
) -> None:
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


def test_hosts_without_a_plan_or_licence_are_passed_over(account: ZoomAccount) -> None:
    account.host("host_0", has_plan=False)
    account.host("host_B", type=1)
    account.host("host_Z")
    account.webinar(host="host_Z")
    source = account.source()
    account.lake.pull(source, "webinar")
    assert account.keys(source, "webinar", "host_id") == ["host_Z"]
    assert account.vendor.asked("/v2/users/host_B/webinars") == []
    with pytest.raises(NotPermitted, match="webinar plan"):
        account.lake.extract(account.source(hosts=["host_0"]), "webinar", full=True)


def test_a_webinar_without_registration_is_read_all_the_same(account: ZoomAccount) -> None:
    account.webinar(registration=False)
    account.webinar(TALK + 1)
    source = account.source()
    account.lake.pull(source, "webinar")
    assert account.keys(source, "webinar", "id") == [TALK, TALK + 1]


def test_occurrences_of_a_series_are_one_webinar(account: ZoomAccount) -> None:
    account.webinar(type=9)
    later = {"id": TALK, "topic": "Talk", "type": 9, "start_time": z(NOW + timedelta(days=7))}
    account.vendor.put("webinar", "second", 99, {**later, "host_id": "host_A"}, parent="host_A")
    source = account.source()
    _, loaded = account.lake.pull(source, "webinar")["webinar"]
    assert loaded.quarantined["webinar"] == 0
    (row,) = account.lake.rows(source, "webinar", ["start_time"])
    assert row["start_time"] == NOW.replace(tzinfo=None)


def test_registrants_leave_texts_and_links_behind(account: ZoomAccount) -> None:
    account.webinar()
    account.registrant("r1")
    source = account.source()
    account.lake.pull(source, "webinar")
    landed = repr([account.lake.rows(source, name) for name in ("webinar", "registrant")])
    assert "r1@example.org" in landed
    for word in ("nobody needs", "registrant-token", "zoom.us", "Example Street", "Example Ltd"):
        assert word not in landed


def test_questions_polls_and_chat_are_never_asked_for(account: ZoomAccount) -> None:
    account.webinar()
    account.registrant("r1")
    account.took_place("u1", timedelta(days=1))
    source = account.source()
    source.check()
    account.lake.pull(source)
    last = {request.path.rpartition("/")[2] for request in account.vendor.server.requests}
    assert last == {"token", "users", "webinars", "registrants", "meetings", "participants"}


def test_a_page_token_that_dies_begins_the_list_anew(account: ZoomAccount, faults: Faults) -> None:
    account.webinar()
    for number in range(7):
        account.registrant(f"r{number}")
    late = NOW + timedelta(minutes=16)
    faults.on("status=approved.*next_page_token").drift(lambda: account.at(late))
    source = account.source(page_size=3)
    account.lake.pull(source, "webinar")
    assert len(account.keys(source, "registrant", "id")) == 7


def test_a_list_that_goes_in_circles_or_falls_short_is_an_error(
    account: ZoomAccount, faults: Faults
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


def test_a_token_that_dies_on_the_way_is_renewed_once(account: ZoomAccount, faults: Faults) -> None:
    account.webinar()
    account.registrant("r1")
    faults.on("/registrants").drift(account.fake.expire_token)
    source = account.source()
    account.lake.pull(source, "webinar")
    assert account.keys(source, "registrant", "id") == ["r1"]
    assert len(account.vendor.asked("/oauth/token")) == 2


def test_refusals_in_plain_words(account: ZoomAccount) -> None:
    wrong = account.source(client_secret="not-the-secret")
    with pytest.raises(AuthenticationError) as caught:
        account.lake.extract(wrong, "webinar")
    assert "not-the-secret" not in str(caught.value)
    assert [item.ok for item in wrong.check()] == [False]
    body = {"code": 4711, "message": "does not contain scopes: Anna"}
    assert isinstance(vendor_error(400, body), NotPermitted)
    other = vendor_error(400, {"code": 1010, "message": "User Anna does not belong"})
    assert isinstance(other, Refused)
    assert "Anna" not in str(other)
    assert vendor_error(200, {"webinars": []}) is None


def test_check_says_hosts_and_windows(account: ZoomAccount, faults: Faults) -> None:
    account.host("host_0", has_plan=False)
    account.webinar()
    said = {item.name: item for item in account.source().check()}
    assert "1 of 2 hosts have a webinar plan; 1 webinars" in said["webinar"].detail
    assert "3 days" in said["instance"].detail
    faults.on("/report/").every().status(400, {"code": 4711, "message": "scopes"})
    blocked = {item.name: item.ok for item in account.source().check()}
    assert blocked == {"webinar": True, "registrant": True, "instance": False}
