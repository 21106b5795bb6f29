"""The audit of a build with segments by e-mail, post and phone: each by its own rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import duckdb

from activation.testing import Person, write_published
from expectations.run import Auditor
from flows.configuration import Configuration
from flows.results import BuildResult
from flows.steps.audit import audit

YES = {"post": "granted", "phone": "granted"}
PEOPLE = [
    Person("m0", "m0@example.org"),
    Person("m1", None, street="Ring 1", channels=YES),
    Person("m2", None, phone="+433160", channels=YES),
    Person("m3", "m3@example.org", street="Ring 1", phone="+433161"),
]


class Segment:
    def __init__(self, name: str) -> None:
        self.id = name


class Build:
    def __init__(self, database: Path) -> None:
        self.database = database


class Settings:
    segments = (Segment("01_mail"), Segment("02_post"), Segment("03_phone"))


def test_each_channel_by_its_own_rules(tmp_path: Path) -> None:
    everybody = [person.member_key for person in PEOPLE]
    wanted = {"01_mail": everybody, "02_post": everybody, "03_phone": everybody}
    path = write_published(tmp_path / "a.duckdb", PEOPLE, wanted)
    with duckdb.connect(str(path)) as db:
        for name, channel in (("02_post", "post"), ("03_phone", "phone")):
            change = "update seg_candidates set channel = ? where segment_id = ?"
            db.execute(change, [channel, name])
        db.execute("create table mart_member_360 as select 'engaged' as stage from range(4)")
    result = audit(
        cast(Configuration, Settings()), cast(BuildResult, Build(path)), cast(Any, Auditor())
    )
    assert {row["segment"]: row["deliverable"] for row in result.segments} == {
        "01_mail": 2,
        "02_post": 1,
        "03_phone": 1,
    }
    assert result.checkpoint.ok, result.checkpoint


def test_an_unknown_channel_reaches_nobody(tmp_path: Path) -> None:
    path = write_published(tmp_path / "a.duckdb", PEOPLE, {"01_mail": ["m0"]}, channel="pigeon")
    with duckdb.connect(str(path)) as db:
        db.execute("create table mart_member_360 as select 'engaged' as stage from range(4)")
    result = audit(
        cast(Configuration, Settings()), cast(BuildResult, Build(path)), cast(Any, Auditor())
    )
    assert result.segments[0]["deliverable"] == 0
    assert result.segments[0]["why_not"] == "unknown_purpose 1"
