"""The Mailchimp adapter against the fake: limits, ignored addresses, compliance, neutrality."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.errors import AuthenticationError, ShortReadError
from connectors.platforms.mailchimp import MailchimpAdapter, MailchimpPlatformSettings
from connectors.platforms.protocol import ConsentProof, FieldUpdate, NewContact, PlatformAdapter
from connectors.platforms.registry import PlatformContext, build_platform
from connectors.testing.fakes.mailchimp import MailchimpFake
from connectors.testing.fakes.mailchimp_common import invalid
from connectors.testing.messages import Request, Response
from connectors.testing.server import FakeServer
from connectors.testing.store import RecordStore

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)
PROOF = ConsentProof("membership", NOW, "crm")
KEY = "sandbox-mailchimp-key-us1"


class Rig:
    """A fake account, its server and an adapter."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.store = RecordStore(folder / "sandbox.sqlite")
        self.store.set_now(NOW)
        self.fake = MailchimpFake(self.store)
        self.server = FakeServer(self.fake).start()
        given = {"api_key": KEY, "list_id": "a1b2c3", "base_url": self.server.url, **settings}
        context = PlatformContext(folder, "member-journey/test")
        self.adapter = build_platform("mc", "mailchimp", given, context)

    def close(self) -> None:
        self.adapter.close()
        self.server.stop()
        self.store.close()

    def create(self, email: str, first_name: str = "Ada") -> str:
        fields = self.adapter.render_fields({"first_name": first_name})
        outcome = self.adapter.create_contact(NewContact(email, PROOF, fields))
        return f"{outcome.outcome} {outcome.reason}".strip()

    def status(self, email: str) -> str:
        record = self.fake.members.find(email)
        return str(record.body["status"]) if record else "absent"

    def writes(self) -> list[tuple[str, str]]:
        return [(r.method, r.path) for r in self.server.requests if r.method != "GET"]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def outcomes(found: list[Any]) -> dict[str, str]:
    return {o.email: f"{o.outcome} {o.reason}".strip() for o in found}


def test_it_is_a_platform_and_checks_itself(rig: Rig) -> None:
    assert isinstance(rig.adapter, PlatformAdapter)
    assert rig.adapter.destination == "mailchimp:a1b2c3"
    assert all(item.ok for item in rig.adapter.check())


def test_a_wrong_key_is_said_plainly(tmp_path: Path) -> None:
    wrong = Rig(tmp_path, api_key="wrong-us1")
    (item,) = wrong.adapter.check()
    assert not item.ok
    assert "Check the API key" in item.detail
    with pytest.raises(AuthenticationError):
        wrong.adapter.read_statuses()
    wrong.close()


def test_unknown_people_are_created_and_known_ones_only_looked_at(rig: Rig) -> None:
    assert rig.create("New@Example.org") == "acknowledged"
    assert rig.status("new@example.org") == "subscribed"
    before = rig.writes()
    assert rig.create("new@example.org", "Other") == "acknowledged"
    assert rig.writes() == before
    assert rig.fake.members.get("new@example.org")["merge_fields"]["FNAME"] == "Ada"


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned", "pending", "transactional"])
def test_who_is_known_with_another_status_is_never_touched(rig: Rig, status: str) -> None:
    rig.create("a@example.org")
    rig.fake.members.person_acts("a@example.org", status)
    before = rig.writes()
    assert rig.create("a@example.org") == f"suppressed platform_{status}"
    assert rig.writes() == before
    assert rig.status("a@example.org") == status


def test_archived_and_forgotten_people_stay_away(rig: Rig) -> None:
    rig.create("old@example.org")
    rig.fake.members.person_acts("old@example.org", "archived")
    assert rig.create("old@example.org") == "suppressed platform_archived"
    assert rig.status("old@example.org") == "archived"
    assert {c.email: c.status for c in rig.adapter.read_statuses()} == {
        "old@example.org": "archived"
    }
    rig.create("gone@example.org")
    rig.fake.members.forget(Request("POST", "/3.0/test"), "gone@example.org")
    assert rig.create("gone@example.org") == "suppressed forgotten"
    assert rig.status("gone@example.org") == "absent"


def test_the_word_status_is_never_sent(rig: Rig) -> None:
    rig.create("a@example.org")
    rig.adapter.update_fields(FieldUpdate("a@example.org", {"FNAME": "Bo"}))
    ref = rig.adapter.ensure_segment("01_x")
    rig.adapter.add_members(ref, ["a@example.org"])
    rig.adapter.remove_members(ref, ["a@example.org"])
    sent = [r.json() for r in rig.server.requests if r.method != "GET"]
    assert len(sent) == 5
    assert not any("status" in body or "update_existing" in body for body in sent)
    assert [r.method for r in rig.server.requests if "status_if_new" in str(r.body)] == ["PUT"]


def test_fields_change_without_creating_anybody(rig: Rig) -> None:
    rig.create("a@example.org")
    update = rig.adapter.update_fields(FieldUpdate("a@example.org", {"FNAME": "Bo"}))
    assert update.outcome == "acknowledged"
    (contact,) = rig.adapter.read_statuses()
    assert rig.adapter.own_fields(contact) == {"FNAME": "Bo", "LNAME": ""}
    missing = rig.adapter.update_fields(FieldUpdate("b@example.org", {"FNAME": "Bo"}))
    assert (missing.outcome, missing.reason) == ("failed", "not_on_list")
    assert rig.status("b@example.org") == "absent"


def test_ignored_addresses_are_found_out_although_the_answer_is_200(rig: Rig) -> None:
    rig.create("a@example.org")
    ref = rig.adapter.ensure_segment("01_x")
    found = rig.adapter.add_members(ref, ["a@example.org", "stranger@example.org"])
    assert outcomes(found) == {
        "a@example.org": "acknowledged",
        "stranger@example.org": "failed not_on_list",
    }
    assert rig.status("stranger@example.org") == "absent"
    # Already inside, or not inside any more: the answer leaves them out, reading back tells.
    assert outcomes(rig.adapter.add_members(ref, ["a@example.org"])) == {
        "a@example.org": "acknowledged"
    }
    both = ["a@example.org", "stranger@example.org"]
    assert set(outcomes(rig.adapter.remove_members(ref, both)).values()) == {"acknowledged"}
    assert rig.adapter.read_segment(ref) == []


def test_unsubscribed_members_are_read_and_can_leave_a_segment(rig: Rig) -> None:
    rig.create("a@example.org")
    ref = rig.adapter.ensure_segment("01_x")
    rig.adapter.add_members(ref, ["a@example.org"])
    rig.fake.members.person_acts("a@example.org", "unsubscribed")
    assert [c.status for c in rig.adapter.read_segment(ref)] == ["unsubscribed"]
    rig.adapter.remove_members(ref, ["a@example.org"])
    assert rig.adapter.read_segment(ref) == []
    assert rig.status("a@example.org") == "unsubscribed"


def test_at_most_500_per_call(rig: Rig) -> None:
    ref = rig.adapter.ensure_segment("01_x")
    emails = [f"p{n}@example.org" for n in range(501)]
    assert len(rig.adapter.add_members(ref, emails[:500])) == 500
    with pytest.raises(ValueError, match="500"):
        rig.adapter.add_members(ref, emails)


class Picky:
    """Refuses every bulk call that names p2, as Mailchimp refuses a call with a bad address."""

    def __init__(self, fake: MailchimpFake) -> None:
        self.fake = fake

    def handle(self, request: Request) -> Response:
        if b"p2@example.org" in request.body and "/segments/" in request.path:
            return invalid("p2@example.org looks fake or invalid.").response()
        return self.fake.handle(request)


def test_one_refused_address_does_not_fail_its_chunk(rig: Rig) -> None:
    for number in range(4):
        rig.create(f"p{number}@example.org")
    ref = rig.adapter.ensure_segment("01_x")
    rig.server.app = Picky(rig.fake)
    found = rig.adapter.add_members(ref, [f"p{n}@example.org" for n in range(4)])
    assert outcomes(found) == {
        "p0@example.org": "acknowledged",
        "p1@example.org": "acknowledged",
        "p2@example.org": "failed invalid_resource_400",
        "p3@example.org": "acknowledged",
    }
    assert [o.permanent for o in found] == [False, False, True, False]
    assert "fake or invalid" not in str(found)  # the vendor's text names people


def test_owned_segments_are_told_by_their_prefix(rig: Rig) -> None:
    rig.server.requests.clear()
    theirs = rig.fake.segments._new("Newsletter readers")
    first = rig.adapter.ensure_segment("01_x")
    assert rig.adapter.ensure_segment("01_x") == rig.adapter.find_segments(["01_x"])["01_x"]
    assert first.name == "mj:01_x"
    found = rig.adapter.find_segments(["20_y"])
    assert list(found) == ["mj:01_x"]  # owned, not configured any more
    assert theirs.body["name"] not in found


def test_a_lost_answer_while_creating_a_segment_makes_no_second_one(rig: Rig) -> None:
    rig.server.faults.on(r"/segments$", method="POST").lost()
    ref = rig.adapter.ensure_segment("01_x")
    assert [r.body["name"] for r in rig.store.query("mailchimp", "segment")] == ["mj:01_x"]
    assert ref.platform_id == rig.adapter.find_segments(["01_x"])["01_x"].platform_id


@pytest.mark.parametrize("kind", ["429", "bare 403", "500", "lost"])
def test_passing_trouble_is_retried(tmp_path: Path, kind: str) -> None:
    rig = Rig(tmp_path, max_attempts=3)
    rig.create("a@example.org")
    ref = rig.adapter.ensure_segment("01_x")
    rule = rig.server.faults.on(r"/segments/\d+$", method="POST")
    if kind == "429":
        rule.rate_limited(form="none", body={"title": "Too Many Requests", "status": 429})
    elif kind == "lost":
        rule.lost()
    else:
        rule.status(int(kind[-3:]), "<html>busy</html>")
    found = rig.adapter.add_members(ref, ["a@example.org"])
    assert outcomes(found) == {"a@example.org": "acknowledged"}
    rig.close()


def test_trouble_that_stays_leaves_rows_unknown_or_failed_never_done(tmp_path: Path) -> None:
    rig = Rig(tmp_path, max_attempts=1)
    rig.create("a@example.org")
    ref = rig.adapter.ensure_segment("01_x")
    rig.server.faults.on(r"/segments/\d+$", method="POST").lost()
    rig.server.faults.on(r"/segments/\d+$", method="POST").rate_limited(form="none")
    assert outcomes(rig.adapter.add_members(ref, ["a@example.org"])) == {
        "a@example.org": "unknown no_answer"
    }
    assert outcomes(rig.adapter.add_members(ref, ["a@example.org"])) == {
        "a@example.org": "failed throttled"
    }
    rig.server.faults.on(r"/members/", method="GET").reset()
    assert rig.create("b@example.org") == "unknown no_answer"
    assert rig.status("b@example.org") == "absent"
    rig.close()


def test_an_error_document_with_status_200_is_an_error(rig: Rig) -> None:
    ref = rig.adapter.ensure_segment("01_x")
    document = {"title": "Invalid Resource", "status": 400, "detail": "a@example.org"}
    rig.server.faults.on(r"/segments/\d+$", method="POST").error_body(document)
    assert outcomes(rig.adapter.add_members(ref, ["a@example.org"])) == {
        "a@example.org": "failed invalid_resource_400"
    }


def test_an_incomplete_list_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    rig = Rig(tmp_path, page_size=2)
    for number in range(5):
        rig.create(f"p{number}@example.org")
    assert len(rig.adapter.read_statuses()) == 5
    short = {"members": [], "total_items": 5}
    rig.server.faults.on(r"/members\?.*offset=2", method="GET").every().error_body(short)
    with pytest.raises(ShortReadError):
        rig.adapter.read_statuses()
    rig.close()


def test_changes_since_are_seen(rig: Rig) -> None:
    rig.create("a@example.org")
    rig.create("b@example.org")
    rig.store.set_now(NOW.replace(hour=22))
    rig.fake.members.person_acts("a@example.org", "unsubscribed")
    found = rig.adapter.read_statuses(NOW.replace(hour=21, minute=30))
    assert [(c.email, c.status) for c in found] == [("a@example.org", "unsubscribed")]


def test_values_are_text_and_never_commands(rig: Rig) -> None:
    render = rig.adapter.render_fields
    assert render({"first_name": "*|MERGE1|*\n Ada", "member_number": "M-1"}) == {
        "FNAME": "MERGE1 Ada",
        "LNAME": "",
    }
    assert "*|" not in render({"first_name": "**||X|*"})["FNAME"]
    assert render({"first_name": "=1+1 <script>"})["FNAME"] == "=1+1 <script>"
    assert len(render({"first_name": "x" * 1000})["FNAME"]) == 255


def test_union_mode_sends_little_and_names_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, union_mode=True)
    fields = rig.adapter.render_fields({"first_name": "Ada", "last_name": "L", "phone": "1"})
    assert fields == {"FNAME": "Ada"}
    ref = rig.adapter.ensure_segment("20_grace")
    assert "grace" not in ref.name
    assert rig.adapter.find_segments(["20_grace"])["20_grace"].name == ref.name
    rig.close()


def settings(**given: Any) -> MailchimpPlatformSettings:
    return MailchimpPlatformSettings.model_validate({"api_key": KEY, "list_id": "a", **given})


def test_settings() -> None:
    assert settings().api_url == "https://us1.api.mailchimp.com/3.0"
    assert settings(base_url="http://127.0.0.1:1/3.0").api_url == "http://127.0.0.1:1/3.0"
    for bad in (
        {"union_mode": True, "fields": {"MEMBERNO": "member_number"}},
        {"fields": {"first name": "first_name"}},
        {"fields": {"FNAME": "stage"}},
        {"connections": 10},
        {"api_key": "no data centre"},
        {"base_url": "http://mailchimp.example.org"},
        {"push": {"brake_share": 2}},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            settings(**bad)
    assert KEY not in repr(settings())


def test_at_most_nine_connections(tmp_path: Path) -> None:
    rig = Rig(tmp_path, page_size=1)
    for number in range(30):
        rig.create(f"p{number}@example.org")
    rig.server.max_concurrent = 0
    assert isinstance(rig.adapter, MailchimpAdapter)
    assert len(rig.adapter.read_statuses()) == 30
    assert 1 < rig.server.max_concurrent <= 9
    rig.close()
