"""Nights of the identity models on hand-made records, many for the price of one dbt compile.

Data flow: records, terms, acts, consents, decisions (DuckDB tables) -> the SQL that dbt compiled,
run in its order, once a night -> the built file.

What a night executes is the product's own SQL, letter by letter, but for the moment of the night;
only the incremental write of map_identity is done here as dbt does it. The whole nights that dbt
itself runs are in test_upstream_nights.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from upstream import PROJECT, Built, run_dbt

from flows.identity.decisions import write_table

FIRST = datetime.fromisoformat("2026-06-01 21:00:00")
PEOPLE = (
    "source_record_id varchar, record_kind varchar, is_member_bearing boolean,"
    " foreign_source_system varchar, foreign_record_id varchar, sso_subject varchar,"
    " member_number varchar, first_name varchar, last_name varchar, birth_date date,"
    " email varchar, email_key varchar, phone_e164 varchar, street varchar, postal_code varchar,"
    " city varchar, is_organisation boolean, deceased_on date, created_at timestamp,"
    " updated_at timestamp, source_system varchar, known_at timestamp"
)
TABLES = {
    "conformed__people": PEOPLE,
    "conformed__membership_terms": (
        "source_system varchar, source_record_id varchar, start_date date, end_date date,"
        " committed_date date, resigned_date date, is_test boolean"
    ),
    "conformed__registrations": (
        "source_system varchar, source_record_id varchar, registered_at timestamp"
    ),
    "conformed__surveys": (
        "source_system varchar, source_record_id varchar, responded_at timestamp"
    ),
    "conformed__consents": (
        "source_system varchar, source_consent_id varchar, source_record_id varchar,"
        " channel varchar, purpose varchar, status varchar, reason varchar,"
        " occurred_at timestamp, evidence varchar"
    ),
}
MAP = (
    "map_id varchar, source_system varchar, source_record_id varchar, person_key varchar,"
    " rule_id varchar, score decimal(5, 4), status varchar, valid_from timestamp,"
    " valid_to timestamp, run_id varchar"
)
SELECTED = (
    "path:models/intermediate/identity",
    "dim_member",
    "dim_member_provenance",
    "person_key_redirect",
    "identity_review",
    "sync_consents",
    "sync_suppressions",
)
Record = tuple[str, str]


@dataclass
class Pool:
    """What the sources and the decisions say now; edited between nights."""

    people: dict[Record, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    decided: list[dict[str, Any]] = field(default_factory=list)

    def add(self, system: str, record: str, **values: Any) -> Record:
        """A record; a contact of a membership system bears a membership unless told otherwise."""
        is_contact = system in ("civicrm", "salesforce")
        self.people[system, record] = {
            "record_kind": "contact" if is_contact else "attendee",
            "is_member_bearing": is_contact,
            "is_organisation": False,
            "created_at": moment("2021-01-01"),
            "updated_at": moment("2021-01-01"),
            **values,
        }
        return system, record

    def row(self, table: str, *values: Any) -> None:
        self.rows.setdefault(table, []).append(values)

    def decide(self, kind: str, left: Record, right: Record, **more: Any) -> dict[str, Any]:
        """A decision of this night; `is_forced` and `withdrawn_at` may be given or set later."""
        one, other = sorted((left, right))
        row = {
            "decision_number": len(self.decided) + 1,
            "kind": kind,
            "is_forced": False,
            "left_source_system": one[0],
            "left_record_id": one[1],
            "right_source_system": other[0],
            "right_record_id": other[1],
            "decided_at": FIRST - timedelta(days=1),
            "withdrawn_at": None,
            **more,
        }
        self.decided.append(row)
        return row


@dataclass(frozen=True)
class Step:
    """One compiled model; `sql` has @moment where the time of the night belongs."""

    name: str
    materialized: str
    sql: str


def compile_models(folder: Path) -> Built:
    """Compile the identity models as for a warehouse that has had a night before."""
    raw, database = folder / "raw.duckdb", folder / "build.duckdb"
    write_table(raw, [])
    with duckdb.connect(str(database)) as db:
        db.execute(f"create table map_identity ({MAP})")
        db.execute("create table identity_review (review_id varchar, first_seen_at timestamp)")
    known = {"as_known_at": FIRST.isoformat(sep=" "), "run_id": "run"}
    models = [f"{one},resource_type:model" for one in SELECTED]
    built = run_dbt(folder, raw, "compile", "--quiet", "--select", *models, **known)
    assert built.code == 0, built.said[-4000:]
    return built


def read_steps(built: Built) -> list[Step]:
    """Every compiled model, parents first."""
    nodes: Mapping[str, Any] = built.artifact("manifest.json")["nodes"]
    ran = [item["unique_id"] for item in built.artifact("run_results.json")["results"]]
    models = [nodes[one] for one in ran if nodes[one]["resource_type"] == "model"]
    done: list[Step] = []
    for node in _parents_first(models):
        path = built.target / "compiled" / "member_journey" / node["original_file_path"]
        sql = path.read_text(encoding="utf-8").replace(FIRST.isoformat(sep=" "), "@moment")
        done.append(Step(node["name"], node["config"]["materialized"], sql))
    return done


class Nights:
    """One warehouse over many nights."""

    def __init__(self, folder: Path, pool: Pool, steps: Sequence[Step]) -> None:
        self.pool, self.count = pool, 0
        self._steps = steps
        self._raw, self._database = folder / "raw.duckdb", folder / "build.duckdb"
        with duckdb.connect(str(self._database)) as db:
            self._write(db)
            rules = PROJECT / "seeds" / "identity_rules.csv"
            db.execute(f"create table identity_rules as select * from read_csv('{rules}')")
            db.execute(f"create table map_identity ({MAP})")
            db.execute("create table identity_review (review_id varchar, first_seen_at timestamp)")

    @property
    def moment(self) -> datetime:
        return FIRST + timedelta(days=self.count)

    def night(self) -> dict[Record, str]:
        """Build from what the pool says; every current record's person."""
        self.count += 1
        write_table(self._raw, self.pool.decided)
        with duckdb.connect(str(self._database)) as db:
            db.execute("set TimeZone = 'UTC'")
            db.execute(f"attach '{self._raw}' as raw (read_only)")
            self._write(db)
            for step in self._steps:
                self._run(db, step)
        sql = (
            "select source_system, source_record_id, member_key from int_identity__current"
            " where is_record_current"
        )
        return {(system, record): key for system, record, key in self.query(sql)}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self._database), read_only=True) as db:
            return db.execute(sql).fetchall()

    def lose_the_build(self) -> None:
        """Everything but raw and the decisions is gone; the next night begins from nothing."""
        with duckdb.connect(str(self._database)) as db:
            db.execute("delete from map_identity")
            db.execute("delete from identity_review")

    def _run(self, db: duckdb.DuckDBPyConnection, step: Step) -> None:
        code = step.sql.replace("@moment", self.moment.isoformat(sep=" "))
        if step.materialized == "incremental":
            db.execute(f"create or replace temp table changes as {code}")
            db.execute(f"delete from {step.name} where map_id in (select map_id from changes)")
            db.execute(f"insert into {step.name} select * from changes")
        else:
            db.execute(f"create or replace {step.materialized} {step.name} as {code}")

    def _write(self, db: duckdb.DuckDBPyConnection) -> None:
        for name, columns in TABLES.items():
            db.execute(f"create or replace table {name} ({columns})")
        names = [part.split()[0] for part in PEOPLE.split(", ")]
        records = []
        for (system, record), values in self.pool.people.items():
            known = {"source_system": system, "source_record_id": record, "known_at": FIRST}
            row = {**known, "email_key": values.get("email"), **values}
            records.append(tuple(row.get(name) for name in names))
        for table, found in {"conformed__people": records, **self.pool.rows}.items():
            # One statement for all rows: DuckDB prepares each of a thousand inserts anew.
            marks = ", ".join(["(" + ", ".join("?" * len(row)) + ")" for row in found])
            if found:
                values = [value for row in found for value in row]
                db.execute(f"insert into {table} values {marks}", values)


def _parents_first(models: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    waiting = {node["unique_id"]: node for node in models}
    done: list[Mapping[str, Any]] = []
    while waiting:
        ready = [
            key
            for key, node in waiting.items()
            if not any(parent in waiting for parent in node["depends_on"]["nodes"])
        ]
        done += [waiting.pop(key) for key in ready]
    return done


def day(text: str) -> date:
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    """A naive UTC timestamp, as the warehouse keeps them."""
    return datetime.fromisoformat(text)
