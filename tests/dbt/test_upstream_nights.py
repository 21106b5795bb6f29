"""Person keys over several nights: they outlive new addresses, merges and deletions.

Four dbt runs on hand-made raw tables: the first night, the same again, a night with changes, and
the first night's knowledge rebuilt from the raw tables of the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from upstream import Built, empty_raw, run_dbt, writing

FIRST = datetime.fromisoformat("2026-06-29 21:00:00")
SECOND = datetime.fromisoformat("2026-06-30 21:00:00")
LONG_AGO = "2021-01-01 00:00:00"
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
PEOPLE = ("build", "--select", "+dim_member", *NO_TESTS)
EVERYTHING = (
    "build",
    "--select",
    "+dim_member",
    "+person_key_redirect",
    "+fct_touchpoint",
    *NO_TESTS,
)
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Nights:
    """What each build held: (source_system, source_record_id) -> member_key, and tables."""

    first: dict[tuple[str, str], str]
    again: dict[tuple[str, str], str]
    changed: dict[tuple[str, str], str]
    replayed: dict[tuple[str, str], str]
    members_first: Rows
    members_replayed: Rows
    map_again: Rows
    map_changed: Rows
    redirects: Rows
    calls: Rows


def _contact(first: str, last: str, email: str | None, **values: object) -> dict[str, object]:
    return {
        "contact_type": "Individual",
        "first_name": first,
        "last_name": last,
        "email_primary_email": email,
        "email_primary_email_key": email,
        "is_deleted": False,
        "created_date": LONG_AGO,
        "modified_date": LONG_AGO,
        **values,
    }


def _ticket(writer: Any, code: str, first: str, last: str, email: str, answers: str) -> None:
    writer.put(
        "pretix.order",
        {"code": code},
        event="congress",
        status="p",
        testmode=False,
        email=email,
        email_key=email,
        datetime="2026-05-01 10:00:00",
        last_modified="2026-05-01 10:00:00",
    )
    writer.put(
        "pretix.order_position",
        {"id": int(code)},
        order=code,
        event="congress",
        positionid=1,
        price=10,
        attendee_name_parts=f'{{"given_name": "{first}", "family_name": "{last}"}}',
        answers=answers,
        canceled=False,
    )


def _first_night(raw: Path) -> None:
    with writing(raw, FIRST) as writer:
        ada = _contact("Ada", "Berg", "ada@example.org", external_identifier="M-1")
        writer.put("civicrm.contact", {"id": 1}, **ada)
        member = {"email_address": "ada@example.org", "email_address_key": "ada@example.org"}
        times = {"timestamp_signup": LONG_AGO, "last_changed": LONG_AGO}
        writer.put("mailchimp.member", {"id": "m1"}, **member, **times, status="subscribed")
        # One address, two people.
        for key, first in ((2, "Bert"), (3, "Cleo")):
            wolf = _contact(first, "Wolf", "wolf@example.org")
            writer.put("civicrm.contact", {"id": key}, **wolf)
        # Dora and a ticket nobody can know is hers yet.
        dora = _contact("Dora", "Kern", "dora@example.org", external_identifier="M-4")
        writer.put("civicrm.contact", {"id": 4}, **dora)
        writer.put(
            "pretix.event",
            {"slug": "congress"},
            testmode=False,
            currency="EUR",
            date_from="2026-06-01 08:00:00",
            date_to="2026-06-01 16:00:00",
        )
        _ticket(writer, "100", "Dora", "Kern", "work@example.com", "[]")
        # Emil twice: entered again by hand.
        for key in (5, 6):
            emil = _contact("Emil", "Lang", "emil@example.org", birth_date="1970-01-01")
            writer.put("civicrm.contact", {"id": key}, **emil)
        writer.put(
            "civicrm.activity",
            {"id": 60},
            activity_type_id_name="Inbound Call",
            activity_date_time="2026-06-01 09:00:00",
            status_id_name="Completed",
            target_contact_id=6,
            is_test=False,
            is_deleted=False,
        )


def _second_night(raw: Path) -> None:
    with writing(raw, SECOND) as writer:
        ada = _contact("Ada", "Ziegler", "new@example.org", external_identifier="M-1")
        writer.put("civicrm.contact", {"id": 1}, **ada)
        writer.put(
            "stripe.customer",
            {"id": "cus_1"},
            name="Ada Ziegler",
            created="2001-01-01 00:00:00",
            metadata='{"civicrm_contact_id": "1"}',
            deleted=False,
        )
        answers = '[{"question_identifier": "MEMBERNO", "answer": "m-4"}]'
        _ticket(writer, "100", "Dora", "Kern", "work@example.com", answers)
        writer.delete("civicrm.contact", {"id": 6})


def _keys(built: Built) -> dict[tuple[str, str], str]:
    assert built.code == 0, built.said[-3000:]
    rows = built.rows(
        "select source_system, source_record_id, member_key from int_identity__current"
    )
    return {(system, record): key for system, record, key in rows}


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Runs the four builds (once per worker that asks)."""
    folder = tmp_path_factory.mktemp("nights")
    raw = empty_raw(folder / "raw.duckdb")
    _first_night(raw)
    members = "select member_key, first_name, last_name, email_key from dim_member order by 1"
    history = (
        "select source_record_id, person_key, valid_to is null from map_identity order by 1, 3"
    )
    built = run_dbt(folder, raw, *PEOPLE)
    first, members_first = _keys(built), built.rows(members)
    built = run_dbt(folder, raw, *PEOPLE)
    again, map_again = _keys(built), built.rows(history)
    _second_night(raw)
    built = run_dbt(folder, raw, *EVERYTHING)
    changed, map_changed = _keys(built), built.rows(history)
    redirects = built.rows("select old_person_key, person_key from person_key_redirect")
    calls = built.rows(
        "select member_key from fct_touchpoint where activity = 'phone_call_inbound'"
    )
    known = {"as_known_at": FIRST.isoformat(sep=" "), "database": "replay.duckdb"}
    built = run_dbt(folder, raw, *PEOPLE, **known)
    return Nights(
        first=first,
        again=again,
        changed=changed,
        replayed=_keys(built),
        members_first=members_first,
        members_replayed=built.rows(members),
        map_again=map_again,
        map_changed=map_changed,
        redirects=redirects,
        calls=calls,
    )


ADA, LIST_ADA, TICKET = ("civicrm", "1"), ("mailchimp", "m1"), ("pretix", "100-1")
BERT, CLEO, DORA = ("civicrm", "2"), ("civicrm", "3"), ("civicrm", "4")
EMIL, EMIL_TWIN, CUSTOMER = ("civicrm", "5"), ("civicrm", "6"), ("stripe", "cus_1")


def test_the_first_night_links_what_the_data_shows(nights: Nights) -> None:
    assert nights.first[ADA] == nights.first[LIST_ADA]
    assert nights.first[BERT] != nights.first[CLEO]
    assert nights.first[DORA] != nights.first[TICKET]
    assert nights.first[EMIL] == nights.first[EMIL_TWIN]
    assert len(nights.members_first) == len(set(nights.first.values())) == 6


def test_a_night_without_changes_writes_nothing_into_the_map(nights: Nights) -> None:
    assert nights.again == nights.first
    assert all(is_open for _, _, is_open in nights.map_again)
    assert len(nights.map_again) == len(nights.first)


def test_a_key_outlives_a_new_name_address_and_an_older_record(nights: Nights) -> None:
    assert nights.changed[ADA] == nights.first[ADA]
    assert nights.changed[CUSTOMER] == nights.first[ADA]


def test_a_record_that_no_longer_fits_gets_its_own_person(nights: Nights) -> None:
    """The list still holds the old address and no name: nothing ties it to Ada any more."""
    assert nights.changed[LIST_ADA] not in {nights.changed[ADA], nights.first[ADA]}


def test_a_merge_keeps_the_members_key_and_redirects_the_other(nights: Nights) -> None:
    assert nights.changed[DORA] == nights.changed[TICKET] == nights.first[DORA]
    assert nights.redirects == [(nights.first[TICKET], nights.first[DORA])]


def test_the_map_keeps_what_it_said_before(nights: Nights) -> None:
    ticket = [(key, is_open) for record, key, is_open in nights.map_changed if record == "100-1"]
    assert ticket == [(nights.first[TICKET], False), (nights.changed[DORA], True)]


def test_facts_of_a_deleted_record_stay_with_its_person(nights: Nights) -> None:
    assert nights.changed[EMIL_TWIN] == nights.changed[EMIL]
    assert nights.calls == [(nights.first[EMIL],)]


def test_what_was_known_then_can_be_built_again(nights: Nights) -> None:
    assert nights.replayed == nights.first
    assert nights.members_replayed == nights.members_first
