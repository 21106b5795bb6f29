"""CiviCRM's events, money and relationships: cursor by site, merges, absent components."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from test_source_civicrm import Site
from vendors import NOW

from connectors.errors import NotPermitted
from connectors.sources.civicrm.components import OPTIONAL
from connectors.testing.store import Record

NEW = ("event", "participant", "contribution", "contribution_recur", "relationship")
EVENTS, MONEY = ("Event", "Participant"), ("Contribution", "ContributionRecur")
OLD = {name: ["modified_date", "created_date"] for name in ("Participant", "Contribution")}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


def participant(site: Site, id: int, modified: str, **more: Any) -> None:
    known = {"contact_id": 2, "event_id": 1, "status_id:name": "Registered", "is_test": False}
    site.put("Participant", id, **{**known, "modified_date": modified, **more})


def contribution(site: Site, id: int, modified: str = "", **more: Any) -> None:
    known = {"contact_id": 2, "total_amount": "60.00", "currency": "EUR", "is_test": False}
    body = {**known, "is_template": False, "contribution_status_id:name": "Completed", **more}
    site.put("Contribution", id, **{**body, "modified_date": modified})


def test_the_cursor_is_chosen_by_what_the_site_has(site: Site) -> None:
    for number in range(1, 8):
        participant(site, number, f"2026-06-{number:02d} 10:00:00")
        contribution(site, number)
    source = site.source({"without": {"Contribution": OLD["Contribution"]}})
    site.lake.pull(source, "participant", "contribution")
    participant(site, 1, "2026-06-20 10:00:00", fee_currency="CHF")
    contribution(site, 1, **{"contribution_status_id:name": "Refunded"})
    done = site.lake.pull(source, "participant", "contribution")
    assert done["participant"][0].rows["participant"] == 3, "the last day and what changed"
    assert done["contribution"][0].rows["contribution"] == 7
    assert done["contribution"][1].updated["contribution"] == 1
    said = {item.name: item.detail for item in source.check()}
    assert "incremental by modified_date" in said["participant"]
    assert (
        "no modified_date on this site (it came with CiviCRM 6.9): read in full"
        in said["contribution"]
    )


def test_what_is_gone_from_a_stream_read_in_full_is_found_at_once(site: Site) -> None:
    for number in (1, 2, 3):
        participant(site, number, "")
    source = site.source({"without": OLD})
    for _ in range(2):  # keys have just been compared: they are not due again for days
        site.lake.pull(source, "participant", reconcile="auto")
    site.store.delete("civicrm", "Participant", "2")
    site.lake.pull(source, "participant", reconcile="auto")
    assert [row["id"] for row in site.lake.rows(source, "participant", ["id"])] == [1, 3]


def test_a_site_that_is_upgraded_is_read_by_time_from_then_on(site: Site) -> None:
    for number in range(1, 5):
        participant(site, number, "2026-06-01 10:00:00")
    site.lake.pull(site.source({"without": OLD}), "participant")
    upgraded = site.source()
    # After the first reading, whose mark is the server's own clock.
    participant(site, 3, "2099-06-30 13:00:00", fee_currency="CHF")
    receipt, loaded = site.lake.pull(upgraded, "participant")["participant"]
    assert receipt.rows["participant"] == 1
    assert loaded.updated["participant"] == 1


def test_the_fields_are_asked_for_once(site: Site) -> None:
    source = site.source()
    site.lake.pull(source, *NEW)
    site.lake.pull(source, *NEW)
    asked = [request.path for request in site.server.requests]
    assert sum(path.endswith("/Participant/getFields") for path in asked) == 1
    assert sum(path.endswith("/Entity/get") for path in asked) == 1


@pytest.mark.parametrize("dated", [True, False])
def test_a_merge_ends_with_the_right_people(site: Site, dated: bool) -> None:
    """With `modified_date` the database dates the moved rows; a table without is read in full."""
    source = site.source({} if dated else {"without": OLD})
    before, after = "2026-06-01 10:00:00", "2026-06-25 10:00:00"

    def owned(contact: int, moved_at: str) -> None:
        participant(site, 1, moved_at, contact_id=contact)
        contribution(site, 1, moved_at, contact_id=contact)
        # Before CiviCRM 5.43 a standing order's time of change stays as it was.
        order = {"contact_id": contact, "is_test": False, "modified_date": before}
        site.put("ContributionRecur", 1, **order)
        ends = {"contact_id_a": contact, "contact_id_b": 9, "modified_date": moved_at}
        site.put("Relationship", 1, **ends, **{"relationship_type_id:name": "Employee of"})
        # Newer rows, so that the moved ones lie before the mark.
        participant(site, 2, "2026-06-20 10:00:00", contact_id=1)
        contribution(site, 2, "2026-06-20 10:00:00", contact_id=1)
        site.put("ContributionRecur", 2, **{**order, "modified_date": "2026-06-20 10:00:00"})

    site.contact(1, before)
    site.contact(2, before)
    owned(2, before)
    site.lake.pull(source)
    site.contact(2, after, is_deleted=True)
    owned(1, after)
    site.lake.pull(source)
    for stream in ("participant", "contribution", "contribution_recur"):
        found = site.lake.rows(source, stream, ["contact_id"])
        assert {row["contact_id"] for row in found} == {1}, stream
    assert site.lake.rows(source, "relationship", ["contact_id_a"]) == [{"contact_id_a": 1}]
    assert [row["id"] for row in site.lake.rows(source, "contact", ["id"])] == [1]


def test_a_site_without_events_and_money_has_none_and_no_failure(site: Site) -> None:
    site.contact(1, "2026-06-01 10:00:00")
    source = site.source({"absent": [*EVENTS, *MONEY], "detailed_errors": False})
    done = site.lake.pull(source)
    assert done["contact"][0].rows["contact"] == 1
    assert all(done[name][0].rows[name] == 0 for name in NEW)
    said = {item.name: item for item in source.check()}
    assert all(said[name].ok for name in NEW)
    assert "CiviEvent is switched off" in said["participant"].detail
    assert "CiviContribute is switched off" in said["contribution_recur"].detail


def test_a_missing_right_is_loud_and_says_both_ways_out(site: Site) -> None:
    source = site.source({"forbidden": ["Participant"]})
    with pytest.raises(NotPermitted, match=r"access CiviEvent.*`exclude`"):
        site.lake.extract(source, "participant")
    said = {item.name: item for item in source.check()}
    assert not said["participant"].ok
    assert said["contact"].ok


def test_a_site_that_does_not_list_its_entities_is_read_all_the_same(site: Site) -> None:
    participant(site, 1, "2026-06-01 10:00:00")
    source = site.source({"forbidden": ["Entity"]})
    site.lake.pull(source, "participant")
    assert len(site.lake.rows(source, "participant", ["id"])) == 1


def test_tests_and_templates_are_read_with_their_flags(site: Site) -> None:
    participant(site, 1, "2026-06-01 10:00:00", is_test=True)
    contribution(site, 1, is_test=True)
    contribution(site, 2, is_template=True)
    site.put("Event", 1, title="Template", is_template=True)
    source = site.source()
    site.lake.pull(source, "event", "participant", "contribution")
    assert site.lake.rows(source, "participant", ["is_test"]) == [{"is_test": True}]
    assert site.lake.rows(source, "event", ["is_template"]) == [{"is_template": True}]
    flags = site.lake.rows(source, "contribution", ["is_test", "is_template"])
    assert [tuple(row.values()) for row in flags] == [(True, False), (False, True)]


def test_money_comes_with_its_currency_and_purpose(site: Site) -> None:
    kinds = ("Member Dues", "event fee", "Mitgliedsbeitrag", "Grant", None)
    for number, kind in enumerate(kinds, start=1):
        contribution(site, number, **{"financial_type_id:name": kind, "trxn_id": "IBAN"})
    source = site.source(purposes={"Mitgliedsbeitrag": "dues"})
    site.lake.pull(source, "contribution")
    rows = site.lake.rows(source, "contribution", ["total_amount", "currency", "purpose"])
    assert rows[0] == {"total_amount": Decimal("60.0000"), "currency": "EUR", "purpose": "dues"}
    assert [row["purpose"] for row in rows] == ["dues", "event", "dues", "other", None]
    assert "IBAN" not in repr(site.lake.rows(source, "contribution"))


def test_only_the_configured_relationships_leave_the_site(site: Site) -> None:
    for number, kind in enumerate(("Employee of", "Spouse of"), start=1):
        body = {"contact_id_a": 1, "contact_id_b": 2, "description": "since her illness"}
        site.put("Relationship", number, **body, **{"relationship_type_id:name": kind})
    source = site.source()
    site.lake.pull(source, "relationship")
    assert [row["id"] for row in site.lake.rows(source, "relationship", ["id"])] == [1]
    assert "illness" not in repr(site.lake.rows(source, "relationship"))
    widened = site.source(relationship_types=["Employee of", "Spouse of"])
    site.lake.pull(widened, "relationship", full=True)
    assert len(site.lake.rows(widened, "relationship", ["id"])) == 2


def test_roles_and_the_class_of_a_status_come_along(site: Site) -> None:
    more = {"status_id.class": "Negative", "role_id:name": ["Attendee", "Speaker"]}
    participant(site, 1, "2026-06-01 10:00:00", **more)
    source = site.source()
    site.lake.pull(source, "participant")
    rows = site.lake.rows(source, "participant", ["status_id_name", "status_id_class"])
    assert rows == [{"status_id_name": "Registered", "status_id_class": "Negative"}]
    roles = site.lake.rows(source, "participant", ["role_id_name"])[0]["role_id_name"]
    assert "Speaker" in roles


def test_excluded_streams_are_neither_read_nor_checked(site: Site) -> None:
    contribution(site, 1)
    source = site.source(exclude=["contribution", "contribution_recur"])
    assert not {"contribution", "contribution_recur"} & {s.name for s in source.streams()}
    assert "contribution" not in [item.name for item in source.check()]
    assert site.asked("Contribution") == []


def test_what_the_journey_needs_can_not_be_excluded(site: Site) -> None:
    with pytest.raises(ValidationError, match="can leave out only event"):
        site.source(exclude=["contact"])
    assert {spec.name for spec in OPTIONAL} == set(NEW)


def test_a_backfill_of_a_site_without_times_reads_everything(site: Site) -> None:
    for number in range(1, 5):
        contribution(site, number)
    source = site.source({"without": OLD})
    assert site.lake.extract(source, "contribution", since=NOW).rows["contribution"] == 4


def test_the_fake_lists_only_what_is_switched_on(site: Site) -> None:
    site.store.put(Record("civicrm", "Event", "1", {"id": 1, "is_template": False}, 1, 0.0, 0.0))
    source = site.source({"absent": ["Event"]})
    assert source._client.lacks("Event")
    assert not source._client.lacks("Participant")
