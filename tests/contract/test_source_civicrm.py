"""CiviCRM's own traps: sites without a cursor, merges, trash, local time, errors, least data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from lake import Lake
from vendors import NOW, QUICK

from connectors.errors import AuthenticationError, NotPermitted, RetryableError
from connectors.registry import SourceContext, build_source
from connectors.sources.civicrm.source import CivicrmSource
from connectors.testing.fakes.civicrm import CivicrmFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

KEY = "sandbox-civicrm-key"


class Site:
    """A store, a server in front of it, sources that read it, and a lake."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lake = folder, Lake(folder)
        self.store = RecordStore(folder / "civicrm.sqlite")
        self.store.set_now(NOW)
        self._servers: list[FakeServer] = []
        self._sources: list[CivicrmSource] = []

    def put(self, entity: str, id: int, **body: Any) -> None:
        record = Record("civicrm", entity, str(id), {"id": id, **body}, id, 0.0, 0.0)
        self.store.put(record)

    def contact(self, id: int, modified: str, **more: Any) -> None:
        self.put("Contact", id, **{"is_deleted": False, "modified_date": modified, **more})

    def activity(self, id: int, modified: str, **more: Any) -> None:
        known = {"activity_type_id:name": "Inbound Call", "is_deleted": False, "is_test": False}
        self.put("Activity", id, **{**known, "modified_date": modified, **more})

    def source(self, fake: dict[str, Any] | None = None, **settings: Any) -> CivicrmSource:
        self.server = FakeServer(CivicrmFake(self.store, **(fake or {}))).start()
        self._servers.append(self.server)
        wanted = {"base_url": self.server.url, "api_key": KEY, **QUICK, "page_size": 3, **settings}
        built = build_source("crm", "civicrm", wanted, SourceContext(self.folder / "state"))
        assert isinstance(built, CivicrmSource)
        self._sources.append(built)
        return built

    def asked(self, entity: str) -> list[dict[str, Any]]:
        """The params of every `get` of that entity so far."""
        return [
            json.loads(parse_qs(request.body.decode())["params"][0])
            for request in self.server.requests
            if request.path.endswith(f"/{entity}/get")
        ]

    def close(self) -> None:
        for source in self._sources:
            source.close()
        for server in self._servers:
            server.stop()
        self.store.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


def test_every_read_has_limit_order_and_keyset_and_no_offset(site: Site) -> None:
    for number in range(1, 8):
        site.contact(number, "2026-06-01 10:00:00")
    site.lake.pull(site.source(), "contact")
    asked = site.asked("Contact")
    keys = [params["where"][-1] for params in asked]
    assert keys == [["id", ">", 0], ["id", ">", 3], ["id", ">", 6]]
    assert all(params["limit"] == 3 and params["orderBy"] == {"id": "ASC"} for params in asked)
    assert not any("offset" in params or "*" in params["select"] for params in asked)


def test_with_modified_date_only_changes_are_read(site: Site) -> None:
    for number in range(1, 8):
        site.contact(number, f"2026-06-{number:02d} 10:00:00", first_name="Anna")
    source = site.source(site_timezone="Europe/Berlin")
    site.lake.pull(source, "contact")
    site.contact(2, "2026-06-20 10:00:00", first_name="Ben")
    receipt, loaded = site.lake.pull(source, "contact")["contact"]
    # The mark is 7 June 10:00 in Berlin, the lookback one day.
    assert ["modified_date", ">=", "2026-06-06 10:00:00"] in site.asked("Contact")[-1]["where"]
    assert receipt.rows["contact"] == 3
    assert loaded.updated["contact"] == 1
    row = site.lake.rows(source, "contact", ["first_name", "modified_date"])[1]
    assert row["first_name"] == "Ben"
    assert row["modified_date"].isoformat() == "2026-06-20T08:00:00"  # raw is UTC


def test_without_modified_date_everything_is_read_and_compared(site: Site) -> None:
    for number in range(1, 8):
        site.contact(number, "", first_name="Anna")
    source = site.source({"without": {"Contact": ["modified_date"]}})
    site.lake.pull(source, "contact")
    site.contact(1, "", first_name="Ben")
    receipt, loaded = site.lake.pull(source, "contact")["contact"]
    assert receipt.rows["contact"] == 7
    assert loaded.updated["contact"] == 1
    assert site.lake.extract(source, "contact", since=NOW).rows["contact"] == 7
    said = next(item for item in source.check() if item.name == "contact")
    assert said.ok
    assert "no modified_date on this site: read in full" in said.detail


def test_a_merge_moves_activities_without_a_trace_and_is_found(site: Site) -> None:
    site.contact(1, "2026-06-01 10:00:00")
    site.contact(2, "2026-06-01 10:00:00")
    for number in range(1, 8):
        site.activity(number, f"2026-06-{number:02d} 10:00:00", target_contact_id=2)
    source = site.source()
    site.lake.pull(source)
    # Contact 2 is merged into 1: trashed, its rows moved by SQL.
    site.contact(2, "2026-06-25 10:00:00", is_deleted=True)
    for number in range(1, 8):
        site.activity(number, f"2026-06-{number:02d} 10:00:00", target_contact_id=1)
    site.lake.pull(source)
    moved = site.lake.rows(source, "activity", ["target_contact_id"])
    assert [row["target_contact_id"] for row in moved] == [1] * 7
    gone = site.lake.rows(source, "contact", ["id"], deleted=True)
    assert gone == [{"id": 2}]


def test_without_a_trashed_contact_activities_are_not_read_in_full(site: Site) -> None:
    site.contact(1, "2026-06-01 10:00:00")
    for number in range(1, 8):
        site.activity(number, f"2026-06-{number:02d} 10:00:00")
    source = site.source()
    site.lake.pull(source)
    receipt, _ = site.lake.pull(source, "activity")["activity"]
    assert receipt.rows["activity"] == 2


def test_merged_memberships_and_case_contacts_move_too(site: Site) -> None:
    site.put("Membership", 1, contact_id=2, is_test=False)
    site.put("CaseContact", 1, contact_id=2, case_id=1)
    source = site.source()
    site.lake.pull(source, "membership", "case_contact")
    site.put("Membership", 1, contact_id=1, is_test=False)
    site.put("CaseContact", 1, contact_id=1, case_id=1)
    site.lake.pull(source, "membership", "case_contact")
    assert site.lake.rows(source, "membership", ["contact_id"]) == [{"contact_id": 1}]
    assert site.lake.rows(source, "case_contact", ["contact_id"]) == [{"contact_id": 1}]


def test_trash_and_test_records_are_read_with_their_flags(site: Site) -> None:
    site.contact(1, "2026-06-01 10:00:00", is_deleted=True)
    site.put("Membership", 1, contact_id=1, is_test=True)
    source = site.source()
    site.lake.pull(source, "contact", "membership")
    assert site.lake.rows(source, "contact", ["id"], deleted=True) == [{"id": 1}]
    assert site.lake.rows(source, "membership", ["id", "is_test"]) == [{"id": 1, "is_test": True}]


def test_a_permanently_deleted_contact_is_found_by_its_missing_id(site: Site) -> None:
    for number in range(1, 6):
        site.contact(number, "2026-06-01 10:00:00")
    source = site.source()
    site.lake.pull(source, "contact")
    site.store.delete("civicrm", "Contact", "3")
    site.lake.pull(source, "contact", reconcile="always")
    assert [row["id"] for row in site.lake.rows(source, "contact", ["id"])] == [1, 2, 4, 5]


def test_subjects_leave_the_site_only_for_case_status(site: Site) -> None:
    status = "Change Case Status"
    site.activity(1, "2026-06-01 10:00:00", subject="about her illness")
    site.activity(2, "2026-06-02 10:00:00", subject="to Open", **{"activity_type_id:name": status})
    source = site.source()
    site.lake.pull(source, "activity")
    rows = site.lake.rows(source, "activity", ["id", "subject"])
    assert rows == [{"id": 1, "subject": None}, {"id": 2, "subject": "to Open"}]
    with_subject = [p for p in site.asked("Activity") if "subject" in p["select"]]
    assert [p["where"][-1] for p in with_subject] == [["id", "IN", [2]]]


def test_other_activity_types_stay_on_the_site(site: Site) -> None:
    site.activity(1, "2026-06-01 10:00:00")
    site.activity(2, "2026-06-01 10:00:00", **{"activity_type_id:name": "Therapy"})
    source = site.source()
    site.lake.pull(source, "activity")
    assert [row["id"] for row in site.lake.rows(source, "activity", ["id"])] == [1]


def test_several_targets_give_the_first_and_keep_the_others(site: Site) -> None:
    site.activity(1, "2026-06-01 10:00:00", target_contact_id=[7, 8])
    site.activity(2, "2026-06-01 10:00:00", target_contact_id=[])
    source = site.source()
    site.lake.pull(source, "activity")
    rows = site.lake.rows(source, "activity", ["target_contact_id", "other_target_contact_ids"])
    assert [row["target_contact_id"] for row in rows] == [7, None]
    assert json.loads(rows[0]["other_target_contact_ids"]) == [8]


def test_a_site_with_other_field_names_is_mapped(site: Site) -> None:
    site.contact(1, "2026-06-01 10:00:00", **{"Datenschutz.Newsletter": "granted"})
    source = site.source(
        {"extra_fields": {"Contact": ["Datenschutz.Newsletter"]}},
        field_names={"Consent.email_marketing": "Datenschutz.Newsletter"},
    )
    site.lake.pull(source, "contact")
    rows = site.lake.rows(source, "contact", ["Consent_email_marketing"])
    assert rows == [{"Consent_email_marketing": "granted"}]


def test_check_names_the_fields_a_site_lacks(site: Site) -> None:
    source = site.source({"without": {"Contact": ["Service.hold", "modified_date"]}})
    said = next(item.detail for item in source.check() if item.name == "contact")
    assert "not on this site, so empty:" in said
    assert "Service.hold" in said
    assert "email_primary.email" not in said


def test_a_missing_permission_is_named(site: Site) -> None:
    source = site.source({"forbidden": ["Membership"]})
    with pytest.raises(NotPermitted, match="access CiviMember") as caught:
        site.lake.extract(source, "membership")
    assert caught.value.stream == "membership"
    said = {item.name: item for item in source.check()}
    assert not said["membership"].ok
    assert "access CiviMember" in said["membership"].detail
    assert said["contact"].ok


def test_a_wrong_key_is_said_without_showing_it(site: Site) -> None:
    source = site.source(api_key="wrong-secret")
    with pytest.raises(AuthenticationError, match="API key") as caught:
        site.lake.extract(source, "contact")
    assert "wrong-secret" not in str(caught.value)
    assert not any(item.ok for item in source.check())


@pytest.mark.parametrize("fake", [{"errors_with_200": True}, {}, {"detailed_errors": False}])
def test_an_error_document_is_an_error_whatever_its_status(
    site: Site, fake: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = site.source(fake)
    monkeypatch.setattr(source, "_base", lambda _: [["no_such_field", "=", "Anna Example"]])
    with pytest.raises(RetryableError) as caught:
        site.lake.extract(source, "contact")
    assert "Anna" not in str(caught.value)
    assert "no_such_field" not in str(caught.value)


def test_the_log_is_read_from_a_little_before_the_last_id(site: Site) -> None:
    for number in (1, 500, 501):
        site.put("MembershipLog", number, membership_id=1, modified_date="2026-06-01")
    source = site.source()
    site.lake.pull(source, "membership_log")
    # Id 499 was given out before 501, and became visible after it.
    site.put("MembershipLog", 499, membership_id=1, modified_date="2026-06-01")
    site.lake.pull(source, "membership_log")
    found = [row["id"] for row in site.lake.rows(source, "membership_log", ["id"])]
    assert found == [1, 499, 500, 501]
    assert [["id", ">", 301]] in [params["where"] for params in site.asked("MembershipLog")]
