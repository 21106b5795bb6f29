"""journey identity: decisions are written durably, refused over contradictions, shown masked."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.errors import JourneyError
from flows.example import write_example
from flows.home import Home
from flows.identity.decisions import (
    append_decision,
    copy_into_raw,
    decisions_file,
    in_force,
    read_decisions,
)
from flows.identity.people import mask

WHY = ("--why", "saw both passports", "--by", "anna")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An organisation whose last build holds three people: two records, one, one."""
    write_example(tmp_path / "org")
    home = Home(tmp_path / "org")
    home.make()
    with duckdb.connect(str(home.builds / "build-1.duckdb")) as db:
        db.execute(
            "create table int_identity__current"
            " (source_system varchar, source_record_id varchar, member_key varchar)"
        )
        people = [
            ("civicrm", "1", "k1", date(1980, 1, 1), "ada@example.org"),
            ("pretix", "A-1", "k1", None, "ada@example.org"),
            ("civicrm", "2", "k2", date(1990, 1, 1), "bert@example.org"),
            ("odoo", "3", "k3", None, None),
        ]
        db.executemany(
            "insert into int_identity__current values (?, ?, ?)", [row[:3] for row in people]
        )
        db.execute(
            "create table int_identity__records as select source_system, source_record_id,"
            " source_system = 'civicrm' as is_member_bearing, timestamp '2020-01-01' as created_at"
            " from int_identity__current"
        )
        db.execute(
            "create table conformed__people (source_system varchar, source_record_id varchar,"
            " first_name varchar, last_name varchar, birth_date date, email varchar,"
            " phone_e164 varchar, street varchar, postal_code varchar)"
        )
        db.executemany(
            "insert into conformed__people values"
            " (?, ?, 'Ada', 'Berg', ?, ?, '+4915550000123', 'Am Markt 1', '10115')",
            [(*row[:2], *row[3:]) for row in people],
        )
        db.execute("create table person_key_redirect (old_person_key varchar, person_key varchar)")
        db.execute("insert into person_key_redirect values ('k0', 'k1')")
        db.execute("create table dim_member (member_key varchar, member_number varchar)")
        db.execute("insert into dim_member values ('k2', 'M-2')")
        db.execute(
            "create table identity_review as select 'r' as review_id, 'suffixes_differ' as reason,"
            " 'T3' as rule_id, 'last_name' as agrees, 'suffix' as differs, 2 as profile_count,"
            " 'civicrm' as left_source_system, '1' as left_record_id, 'k1' as left_member_key,"
            " 'odoo' as right_source_system, '3' as right_record_id, 'k3' as right_member_key,"
            " timestamp '2026-06-29 21:00:00' as first_seen_at"
        )
    (home.builds / "current").symlink_to("build-1.duckdb")
    return home


def journey(home: Home, *command: str) -> Result:
    return CliRunner().invoke(app, ["identity", *command, "--home", str(home.root)])


def test_the_review_list_shows_enough_to_compare_and_too_little_to_use(home: Home) -> None:
    done = journey(home, "review", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["waiting"] == 1
    left = found["pairs"][0]["left"]
    assert left["record"] == "civicrm:1"
    assert left["email"] == "a…@example.org"
    assert left["birth_date"] == "1980-…"
    for secret in ("Ada", "Berg", "ada@", "000123", "Markt", "10115", "01-01"):
        assert secret not in done.stdout
    shown = journey(home, "review").stdout
    assert "suffixes_differ" in shown
    assert "Ada" not in shown


@pytest.mark.parametrize("name", ["k2", "M-2", "civicrm:2"])
def test_two_people_are_told_apart_with_all_their_records(home: Home, name: str) -> None:
    assert journey(home, "distinct", "k0", name, *WHY).exit_code == 0
    (decided,) = read_decisions(home)
    assert decided.left == (("civicrm", "1"), ("pretix", "A-1"))
    assert decided.right == (("civicrm", "2"),)
    assert (decided.kind, decided.why, decided.decided_by) == (
        "distinct",
        "saw both passports",
        "anna",
    )
    again = journey(home, "distinct", "civicrm:1", "pretix:A-1", *WHY)
    assert again.exit_code == 2
    assert "journey identity split" in again.output


def test_a_link_over_a_contradiction_needs_force(home: Home) -> None:
    refused = journey(home, "link", "k1", "k2", *WHY)
    assert refused.exit_code == 2
    assert "dates of birth differ" in refused.output
    assert journey(home, "link", "k1", "k3", *WHY).exit_code == 2, "it waits with a contradiction"
    assert not read_decisions(home)
    assert journey(home, "link", "k1", "k2", "--force", *WHY).exit_code == 0
    (decided,) = read_decisions(home)
    assert (decided.kind, decided.is_forced) == ("link", True)
    assert (decided.left, decided.right) == ((("civicrm", "1"),), (("civicrm", "2"),))


def test_a_forced_link_takes_back_what_told_them_apart(home: Home) -> None:
    assert journey(home, "distinct", "k2", "k3", *WHY).exit_code == 0
    refused = journey(home, "link", "k2", "k3", *WHY)
    assert refused.exit_code == 2
    assert "decision 1 of anna" in refused.output
    assert journey(home, "link", "k2", "k3", "--force", *WHY).exit_code == 0
    assert [(one.kind, one.withdraws) for one in read_decisions(home)] == [
        ("distinct", None),
        ("withdraw", 1),
        ("link", None),
    ]
    assert [one.number for one in in_force(read_decisions(home))] == [3]
    assert journey(home, "withdraw", "1", *WHY).exit_code == 2
    assert journey(home, "withdraw", "3", *WHY).exit_code == 0
    assert not in_force(read_decisions(home))
    listed = json.loads(journey(home, "decisions", "--json").stdout)
    assert [one["is_in_force"] for one in listed] == [False] * 4


def test_a_split_names_the_records_of_the_other(home: Home) -> None:
    assert journey(home, "split", "k1", "--record", "odoo:3", *WHY).exit_code == 2
    both = ("--record", "civicrm:1", "--record", "pretix:A-1")
    assert journey(home, "split", "k1", *both, *WHY).exit_code == 2
    assert journey(home, "split", "k1", "--record", "pretix:A-1", *WHY).exit_code == 0
    (decided,) = read_decisions(home)
    assert decided.pairs() == [(("civicrm", "1"), ("pretix", "A-1"))]


def test_unknown_people_and_missing_reasons_are_refused(home: Home) -> None:
    unknown = journey(home, "distinct", "k1", "nobody", *WHY)
    assert unknown.exit_code == 2
    assert "SYSTEM:RECORD" in unknown.output
    assert journey(home, "distinct", "k1", "k2", "--why", " ").exit_code == 2
    assert not read_decisions(home)


def test_a_half_written_line_does_not_count_and_a_broken_one_is_named(home: Home) -> None:
    append_decision(home, "link", [("a", "1")], [("b", "2")], why="w", decided_by="anna")
    with decisions_file(home).open("ab") as file:
        file.write(b'{"number": 2, "ki')
    assert [one.number for one in read_decisions(home)] == [1]
    append_decision(home, "link", [("a", "1")], [("b", "3")], why="w", decided_by="anna")
    assert [one.number for one in read_decisions(home)] == [1, 2]
    assert decisions_file(home).stat().st_mode & 0o077 == 0
    with decisions_file(home).open("ab") as file:
        file.write(b"not json\n")
    with pytest.raises(JourneyError, match="line 3"):
        read_decisions(home)


def test_raw_gets_one_row_per_pair_and_when_it_was_taken_back(home: Home) -> None:
    sides: dict[str, Any] = {"left": [("b", "1"), ("b", "2")], "right": [("a", "9")]}
    append_decision(home, "distinct", **sides, why="w", decided_by="anna")
    before = datetime.now(UTC).replace(tzinfo=None)
    append_decision(home, "withdraw", why="w", decided_by="anna", withdraws=1)
    assert copy_into_raw(home) == 2
    with duckdb.connect(str(home.raw), read_only=True) as db:
        found = db.execute(
            "select decision_number, left_source_system, left_record_id, right_record_id,"
            " withdrawn_at from _journey.identity_decisions order by right_record_id"
        ).fetchall()
    assert [row[:4] for row in found] == [(1, "a", "9", "1"), (1, "a", "9", "2")]
    assert all(row[4] >= before for row in found)


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("email", "ada@example.org", "a…@example.org"),
        ("birth_date", date(1980, 5, 6), "1980-…"),
        ("phone_e164", "+4915550000123", "…123"),
        ("postal_code", "10115", "10…"),
        ("last_name", "Berg", "B…"),
        ("last_name", None, None),
    ],
)
def test_masks(column: str, value: object, shown: str | None) -> None:
    assert mask(column, value) == shown
