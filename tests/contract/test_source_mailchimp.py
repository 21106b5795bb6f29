"""Mailchimp's own traps: offsets that drift, one second for many, archived people, child lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sites import VendorSite, site
from vendors import NOW

from connectors.errors import AuthenticationError, SourceError
from connectors.testing.fakes.mailchimp import MailchimpFake
from connectors.testing.fakes.mailchimp_common import member_hash
from connectors.testing.faults import Faults

KEY = {"api_key": "sandbox-mailchimp-key-us1", "list_id": "a1b2c3"}


class Audience:
    """The members of one list and the campaigns sent to it."""

    def __init__(self, vendor: VendorSite) -> None:
        self.vendor, self.lake = vendor, vendor.lake

    def member(self, number: int, changed: datetime, **more: Any) -> None:
        email = f"member{number}@example.org"
        key = member_hash(email)
        body = {"id": key, "email_address": email, "status": "subscribed", "timestamp_signup": ""}
        times = {"timestamp_opt": "", "last_changed": changed.isoformat()}
        self.vendor.put("member", key, number, {**body, **times, "tags": [], **more})

    def campaign(self, id: str, sent: datetime, actions: Sequence[Any] = ()) -> None:
        report = {"id": id, "campaign_title": id, "send_time": sent.isoformat(), "emails_sent": 1}
        self.vendor.put("report", id, int(sent.timestamp()), {**report, "list_id": "a1b2c3"})
        person = {"email_id": "e1", "email_address": "member1@example.org"}
        self.vendor.put("sent_to", f"{id}:e1", 1, {**person, "status": "sent", "last_open": ""}, id)
        activity = {**person, "activity": list(actions)}
        self.vendor.put("email_activity", f"{id}:e1", 1, activity, id)

    def emails(self, source: Any) -> list[str]:
        rows = self.lake.rows(source, "member", ["email_address_key"])
        return sorted(row["email_address_key"] for row in rows)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def audience(tmp_path: Path, faults: Faults) -> Iterator[Audience]:
    with site("mailchimp", tmp_path, MailchimpFake, faults) as vendor:
        yield Audience(vendor)


def everyone(count: int) -> list[str]:
    return sorted(f"member{number}@example.org" for number in range(1, count + 1))


def test_a_member_changed_while_paging_shifts_nobody(audience: Audience, faults: Faults) -> None:
    for number in range(1, 10):
        audience.member(number, NOW - timedelta(hours=20 - number))
    faults.on(r"/members\?").nth(2).drift(
        lambda: [audience.member(n, NOW, status="unsubscribed") for n in (1, 2, 3)]
    )
    source = audience.vendor.source(**KEY, page_size=3)
    audience.lake.pull(source, "member")
    assert audience.emails(source) == everyone(9)
    rows = audience.lake.rows(source, "member", ["status"])
    assert [row["status"] for row in rows].count("unsubscribed") == 3


def test_a_bulk_import_gives_many_members_one_second(audience: Audience) -> None:
    for number in range(1, 12):
        audience.member(number, NOW - timedelta(hours=1))
    audience.member(12, NOW)
    source = audience.vendor.source(**KEY, page_size=3)
    audience.lake.pull(source, "member")
    assert audience.emails(source) == everyone(12)


def test_a_change_in_the_second_of_the_mark_is_not_lost(audience: Audience) -> None:
    for number in range(1, 4):
        audience.member(number, NOW)
    source = audience.vendor.source(**KEY)
    audience.lake.pull(source, "member")
    audience.member(4, NOW)
    audience.lake.pull(source, "member")
    assert audience.emails(source) == everyone(4)


def test_archived_is_a_status_and_a_permanent_delete_a_tombstone(audience: Audience) -> None:
    for number in range(1, 5):
        audience.member(number, NOW - timedelta(hours=1))
    source = audience.vendor.source(**KEY)
    audience.lake.pull(source, "member")
    audience.member(2, NOW, status="archived")
    audience.vendor.store.delete("mailchimp", "member", member_hash("member3@example.org"))
    audience.lake.pull(source, "member", reconcile="always")
    rows = audience.lake.rows(source, "member", ["email_address", "status"])
    assert {row["email_address"]: row["status"] for row in rows} == {
        "member1@example.org": "subscribed",
        "member2@example.org": "archived",
        "member4@example.org": "subscribed",
    }


def test_archived_members_are_found_even_if_the_plain_list_hides_them(
    audience: Audience, faults: Faults
) -> None:
    audience.member(1, NOW, status="archived")
    empty = {"members": [], "total_items": 0, "list_id": "a1b2c3"}
    faults.on(r"/members\?(?!.*status=archived)").every().status(200, empty)
    source = audience.vendor.source(**KEY)
    audience.lake.pull(source, "member")
    assert audience.emails(source) == ["member1@example.org"]


def test_unset_times_are_null_not_a_reason_for_quarantine(audience: Audience) -> None:
    audience.member(1, NOW)
    source = audience.vendor.source(**KEY)
    _, loaded = audience.lake.pull(source, "member")["member"]
    assert loaded.quarantined["member"] == 0
    (row,) = audience.lake.rows(source, "member", ["timestamp_opt", "last_changed"])
    assert row["timestamp_opt"] is None
    assert row["last_changed"] is not None


def test_more_about_a_person_than_needed_is_left_out(audience: Audience) -> None:
    audience.member(1, NOW, ip_opt="192.0.2.7", location={"latitude": 52.5})
    source = audience.vendor.source(**KEY)
    audience.lake.pull(source, "member")
    landed = repr(audience.lake.rows(source, "member"))
    assert "192.0.2.7" not in landed
    assert "latitude" not in landed


def test_a_campaign_brings_its_lists_one_row_per_action(audience: Audience) -> None:
    actions = [
        {"action": "open", "timestamp": NOW.isoformat(), "ip": "192.0.2.7"},
        {"action": "click", "timestamp": NOW.isoformat(), "url": "https://example.org"},
    ]
    audience.campaign("c1", NOW - timedelta(days=1), actions)
    source = audience.vendor.source(**KEY)
    audience.lake.pull(source, "report")
    rows = audience.lake.rows(
        source, "email_activity", ["campaign_id", "email_id", "action", "url"]
    )
    assert [tuple(row.values()) for row in rows] == [
        ("c1", "e1", "click", "https://example.org"),
        ("c1", "e1", "open", None),
    ]
    assert "192.0.2.7" not in repr(audience.lake.rows(source, "email_activity"))
    (sent,) = audience.lake.rows(source, "sent_to", ["campaign_id", "email_address_key", "status"])
    assert tuple(sent.values()) == ("c1", "member1@example.org", "sent")


def test_young_campaigns_are_read_again_old_ones_are_not(audience: Audience) -> None:
    audience.campaign("old", NOW - timedelta(days=40))
    audience.campaign("young", NOW - timedelta(days=10))
    audience.campaign("new", NOW)
    source = audience.vendor.source(**KEY)
    audience.lake.pull(source, "report")
    opened = [{"action": "open", "timestamp": NOW.isoformat()}]
    audience.campaign("young", NOW - timedelta(days=10), opened)
    audience.lake.pull(source, "report")
    rows = audience.lake.rows(source, "email_activity", ["campaign_id", "action"])
    assert rows == [{"campaign_id": "young", "action": "open"}]
    assert len(audience.vendor.asked("/3.0/reports/old/sent-to")) == 1
    assert len(audience.vendor.asked("/3.0/reports/young/sent-to")) == 2


def test_campaigns_of_other_audiences_are_not_read(audience: Audience) -> None:
    audience.campaign("mine", NOW)
    audience.campaign("other", NOW)
    known = audience.vendor.store.get("mailchimp", "report", "other")
    assert known is not None
    audience.vendor.put("report", "other", known.sort, {**known.body, "list_id": "zzzzzz"})
    source = audience.vendor.source(**KEY)
    audience.lake.pull(source, "report")
    assert [row["id"] for row in audience.lake.rows(source, "report", ["id"])] == ["mine"]
    assert audience.vendor.asked("/3.0/reports/other/sent-to") == []


def test_too_many_connections_without_retry_after_is_waited_out(
    audience: Audience, faults: Faults
) -> None:
    audience.member(1, NOW)
    faults.on(r"/members\?").times(2).rate_limited(form="none")
    source = audience.vendor.source(**KEY)
    audience.lake.pull(source, "member")
    assert audience.emails(source) == everyone(1)
    assert audience.vendor.server.max_concurrent == 1


def test_refusals_in_plain_words(audience: Audience) -> None:
    wrong = audience.vendor.source(api_key="wrong-secret-us1", list_id="a1b2c3")
    with pytest.raises(AuthenticationError, match="data centre") as caught:
        audience.lake.extract(wrong, "member")
    assert "wrong-secret" not in str(caught.value)
    assert not any(item.ok for item in wrong.check())
    other = audience.vendor.source(**{**KEY, "list_id": "zzzzzz"})
    with pytest.raises(SourceError, match="list_id"):
        audience.lake.extract(other, "member")
    said = {item.name: item.ok for item in other.check()}
    assert said == {"member": False, "report": True}
