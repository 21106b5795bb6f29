"""The sandbox association: deterministic, advancing, with vendor records of the promised shape."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import sandbox.world as world_module
from connectors.testing.store import Record, RecordStore
from sandbox.membership import story
from sandbox.people import person
from sandbox.platform_changes import merge_member
from sandbox.scale import Scale
from sandbox.surveys import HEADER
from sandbox.truth import SCHEMAS
from sandbox.world import WorldSummary, advance, generate

PEOPLE = 700
TODAY = date(2026, 6, 30)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> WorldSummary:
    return generate(tmp_path_factory.mktemp("world"), people=PEOPLE, today=TODAY)


def dump(folder: Path) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """Every stored record by its key, and the files beside the store by their name."""
    db = sqlite3.connect(folder / "sandbox.sqlite")
    sql = (
        "select vendor, entity, id, sort, parent, created, updated, body"
        " from record join kind on kind.number = record.kind"
    )
    found: dict[tuple[str, ...], tuple[Any, ...]] = {row[:3]: row for row in db.execute(sql)}
    db.close()
    for name in SCHEMAS:
        rows = pq.read_table(folder / "truth" / f"{name}.parquet").to_pylist()
        found["truth", name] = tuple(json.dumps(row, default=str) for row in rows)
    for file in (folder / "drop").iterdir():
        found["drop", file.name] = (file.read_bytes(),)
    return found


def bodies(folder: Path, vendor: str, entity: str) -> list[dict[str, Any]]:
    store = RecordStore(folder / "sandbox.sqlite")
    found = [record.body for record in store.query(vendor, entity)]
    store.close()
    return found


def truth(folder: Path, name: str) -> list[dict[str, Any]]:
    return pq.read_table(folder / "truth" / f"{name}.parquet").to_pylist()


def test_same_seed_same_data_other_seed_other_data(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        generate(tmp_path / name, seed=seed, people=60, today=TODAY)
    assert dump(tmp_path / "one") == dump(tmp_path / "two")
    assert dump(tmp_path / "one") != dump(tmp_path / "three")


def test_several_processes_make_the_same_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_module, "BLOCK", 40)
    one, two = (
        generate(tmp_path / str(n), people=100, today=date(2026, 5, 20), processes=n)
        for n in (1, 2)
    )
    assert replace(one, path=two.path) == two
    assert dump(tmp_path / "1") == dump(tmp_path / "2")
    for name in SCHEMAS:
        file = f"truth/{name}.parquet"
        assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes()
    later = [advance(tmp_path / str(n), 40, processes=n) for n in (1, 2)]
    assert later[0].changed == later[1].changed > 0
    assert dump(tmp_path / "1") == dump(tmp_path / "2")


def test_a_world_is_replaced_only_by_a_finished_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path, people=30, today=TODAY)
    before = dump(tmp_path)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
        patch.setattr(world_module, "assemble", fail)
        generate(tmp_path, people=40, today=TODAY)
    assert dump(tmp_path) == before
    generate(tmp_path, people=40, today=TODAY)
    assert {one.name for one in tmp_path.iterdir()} == {"sandbox.sqlite", "truth", "drop"}
    assert len(dump(tmp_path)) > len(before)


def test_advancing_equals_generating_later(tmp_path: Path) -> None:
    generate(tmp_path / "advanced", people=150, today=date(2026, 5, 20))
    before = dump(tmp_path / "advanced")
    first = advance(tmp_path / "advanced", 3)
    assert 0 < first.changed < 200
    last = advance(tmp_path / "advanced", 38)
    direct = generate(tmp_path / "direct", people=150, today=date(2026, 6, 30))
    assert last.today == direct.today == date(2026, 6, 30)
    advanced = dump(tmp_path / "advanced")
    assert advanced == dump(tmp_path / "direct")
    assert last.stages == direct.stages
    changed = {key[:2] for key, row in advanced.items() if before.get(key) != row}
    expected = {
        *(("civicrm", name) for name in ("Contact", "MembershipLog", "Membership", "Activity")),
        *(("pretix", "order"), ("pretix", "checkin"), ("stripe", "charge"), ("stripe", "event")),
        *(("mailchimp", "report"), ("mailchimp", "sent_to")),
    }
    assert expected <= changed
    gone = {key[:2] for key in before.keys() - advanced.keys()}
    assert ("stripe", "event") in gone  # Stripe forgets its events after thirty days


def test_records_carry_the_time_of_their_change(world: WorldSummary, tmp_path: Path) -> None:
    generate(tmp_path, people=150, today=date(2026, 5, 20))
    before = dump(tmp_path)
    advance(tmp_path, 3)
    store = RecordStore(tmp_path / "sandbox.sqlite")
    assert store.now().isoformat() == "2026-05-23T21:00:00+00:00"
    start = (store.now() - timedelta(days=3)).timestamp()
    for vendor, entity in (("civicrm", "Contact"), ("stripe", "invoice"), ("civicrm", "Case")):
        for record in store.query(vendor, entity):
            old = before.get((vendor, entity, record.id))
            if old is None or json.loads(old[7]) != record.body:
                assert start < record.updated <= store.now().timestamp()
    store.close()


def test_advance_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="generate one there first"):
        advance(tmp_path / "nowhere")
    generate(tmp_path, people=3, today=TODAY)
    with pytest.raises(ValueError, match="at least 1"):
        advance(tmp_path, 0)
    with pytest.raises(ValueError, match="past the end"):
        advance(tmp_path, 1000)


def test_advance_leaves_what_a_client_pushed(tmp_path: Path) -> None:
    generate(tmp_path, people=150, today=date(2026, 5, 20))
    store = RecordStore(tmp_path / "sandbox.sqlite")
    members = list(store.query("mailchimp", "member"))
    tagged = [
        replace(one, body=one.body | {"tags": [{"id": 9002, "name": "ours"}], "tags_count": 1})
        for one in members
    ]
    left = next(one for one in tagged if one.body["status"] == "subscribed")
    tagged = [one for one in tagged if one.id != left.id]
    store.put_many(tagged)
    store.put(replace(left, body=left.body | {"status": "unsubscribed"}))
    stamp = store.now().timestamp()
    pushed = Record("mailchimp", "member", "f" * 32, {"status": "pending"}, 1, stamp, stamp)
    store.put(pushed)
    store.close()
    advance(tmp_path, 60)
    store = RecordStore(tmp_path / "sandbox.sqlite")
    assert store.get("mailchimp", "member", pushed.id) == pushed
    found = {one.id: one.body for one in store.query("mailchimp", "member")}
    store.close()
    assert found[left.id]["status"] == "unsubscribed"
    assert all(found[one.id]["tags"] == one.body["tags"] for one in tagged)
    turned = [one for one in tagged if found[one.id]["status"] != one.body["status"]]
    assert turned, "nobody unsubscribed in sixty days: the test shows nothing"
    assert {found[one.id]["status"] for one in turned} <= {"unsubscribed", "cleaned"}


@pytest.mark.parametrize("later", ["subscribed", "cleaned"])
def test_nobody_who_left_the_list_changes_status_again(tmp_path: Path, later: str) -> None:
    def seat(status: str, name: str) -> Record:
        return Record(
            "mailchimp", "member", "h", {"status": status, "full_name": name}, 1, 1.0, 1.0
        )

    store = RecordStore(tmp_path / "sandbox.sqlite")
    store.put(seat("unsubscribed", "Ann"))
    written = merge_member(store, seat("pending", "Ann"), seat(later, "Anna"))
    store.close()
    assert written is not None
    assert written.body == {"status": "unsubscribed", "full_name": "Anna"}


def test_renewal_rates_rise_with_tenure() -> None:
    """Headline rate by term number, over the yearly terms of 20,000 people."""
    scale = Scale(7, 20_000, date(2020, 1, 1))
    due: Counter[int] = Counter()
    renewed: Counter[int] = Counter()
    for index in range(scale.people):
        lived = story(scale, person(scale, index))
        for number, term in enumerate(lived.terms, 1):
            if term.plan not in (1, 2, 3) or term.end is None or term.end > date(2027, 6, 1):
                continue
            if lived.died and lived.died <= term.end + timedelta(days=30):
                continue
            limit = term.end + timedelta(days=30)
            later = lived.terms[number : number + 1]
            bucket = min(number, 6)
            due[bucket] += 1
            is_renewed = any(t.committed <= limit and t.start <= limit for t in later)
            renewed[bucket] += is_renewed and term.resigned is None
    for bucket, target in enumerate((0.63, 0.74, 0.82, 0.85, 0.89, 0.91), 1):
        assert due[bucket] > 300
        rate = renewed[bucket] / due[bucket]
        assert rate == pytest.approx(target, abs=2.5 * (0.25 / due[bucket]) ** 0.5), bucket


def test_few_but_some_people_are_undecidable(world: WorldSummary) -> None:
    found = truth(world.path, "undecidable")
    assert world.undecidable == len(found)
    assert 0 < len(found) < 0.03 * world.people
    assert {row["person_id"] for row in found} <= {
        row["person_id"] for row in truth(world.path, "people")
    }


def test_every_stage_and_segment_occurs(world: WorldSummary) -> None:
    rare = {"paused"}
    expected = {
        *("applicant", "research", "awareness", "prospect", "onboarding", "renewal_due"),
        *("advocate", "dormant", "engaged", "grace", "lapsed", "former", "deceased"),
    }
    assert expected <= world.stages.keys() | rare
    assert len(world.segments) == 8
    assert sum(world.stages.values()) == world.people == len(truth(world.path, "people"))


def test_truth_is_about_what_was_written(world: WorldSummary) -> None:
    known = {
        (row["source_system"], row["source_record_id"]) for row in truth(world.path, "records")
    }
    living = {
        ("civicrm", str(row["id"]))
        for row in bodies(world.path, "civicrm", "Contact")
        if row["contact_type"] == "Individual" and not row["is_deleted"]
    }
    living |= {("stripe", row["id"]) for row in bodies(world.path, "stripe", "customer")}
    living |= {("mailchimp", row["id"]) for row in bodies(world.path, "mailchimp", "member")}
    for order in bodies(world.path, "pretix", "order"):
        if not order["testmode"]:
            living |= {
                ("pretix", f"{order['code']}-{one['positionid']}") for one in order["positions"]
            }
    for file in (world.path / "drop").iterdir():
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines[0] == ";".join(HEADER)
        living |= {("filedrop", line.partition(";")[0]) for line in lines[1:]}
    assert known == living


def test_stage_intervals_have_no_gaps(world: WorldSummary) -> None:
    visits = defaultdict(list)
    for row in truth(world.path, "stages"):
        visits[row["person_id"]].append(row)
    for rows in visits.values():
        assert [row["valid_to"] for row in rows[:-1]] == [row["valid_from"] for row in rows[1:]]
        assert rows[-1]["valid_to"] is None
        assert all(a["stage"] != b["stage"] for a, b in pairwise(rows))


def test_only_consenting_people_are_deliverable(world: WorldSummary) -> None:
    members = {row["id"]: row for row in bodies(world.path, "mailchimp", "member")}
    gone = {
        row["email_address"].lower()
        for row in members.values()
        if row["status"] in ("unsubscribed", "cleaned")
    }
    sent = truth(world.path, "deliverable")
    segments = {(row["segment_id"], row["person_id"]) for row in truth(world.path, "segments")}
    assert 0 < len(sent) < len(segments)
    assert {(row["segment_id"], row["person_id"]) for row in sent} <= segments
    assert not gone & {row["email"] for row in sent}
    refused = {
        row["email_primary.email"].lower()
        for row in bodies(world.path, "civicrm", "Contact")
        if row["email_primary.email"]
        and (
            row["do_not_email"]
            or row["is_opt_out"]
            or row["Service.hold"]
            or row["Consent.email_membership"] == "withdrawn" == row["Consent.email_marketing"]
        )
    }
    assert refused
    assert not refused & {row["email"] for row in sent}
