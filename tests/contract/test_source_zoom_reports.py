"""Zoom's reports: what comes late, stays without names, or is refused for the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from zoom_account import NOW, ZoomAccount, zoom_account

from connectors.errors import (
    QuotaExhausted,
)
from connectors.protocol import Request
from connectors.sources.zoom.client import LIMITS, encoded
from connectors.testing.faults import Faults


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def account(tmp_path: Path, faults: Faults) -> Iterator[ZoomAccount]:
    with zoom_account(tmp_path, faults) as made:
        yield made


@pytest.mark.parametrize("uuid", ["/begins==", "two//slashes==", "one/slash==", "a+b=="])
def test_every_uuid_finds_its_report(account: ZoomAccount, uuid: str) -> None:
    account.took_place(uuid, timedelta(days=1))
    account.stay(uuid, "1")
    source = account.source()
    account.lake.pull(source, "instance")
    assert account.keys(source, "participant", "instance") == [uuid]


def test_uuids_are_encoded_twice_only_where_they_must() -> None:
    assert encoded("a+b/c==") == "a%2Bb%2Fc%3D%3D"
    assert encoded("/abc==") == "%252Fabc%253D%253D"
    assert encoded("a//b==") == "a%252F%252Fb%253D%253D"


def test_meetings_are_no_webinars_and_a_first_read_goes_back_six_months(
    account: ZoomAccount,
) -> None:
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
    with zoom_account(tmp_path, report_delay=timedelta(days=2)) as account:
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
    account: ZoomAccount, faults: Faults, status: int, code: int
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


def test_stays_are_landed_apart_and_without_names(account: ZoomAccount) -> None:
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


def test_a_days_limit_is_no_throttling(tmp_path: Path) -> None:
    with zoom_account(tmp_path, heavy_per_day=8) as account:
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


def test_a_429_without_a_time_waits_for_midnight(account: ZoomAccount, faults: Faults) -> None:
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


def test_a_slice_is_kept_to(account: ZoomAccount) -> None:
    for days in (1, 5, 9):
        account.took_place(f"u{days}", timedelta(days=days))
    account.took_place("u6", timedelta(days=6, hours=1))  # on the first day, but before its hour
    wanted = Request("instance", since=NOW - timedelta(days=6), until=NOW - timedelta(days=2))
    pages = list(account.source().pages(wanted))
    assert [page.token for page in pages] == ["host_A:u5"]
