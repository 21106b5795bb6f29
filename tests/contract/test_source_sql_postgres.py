"""SQL replica on a real PostgreSQL: its types, its time zones, what it refuses.

MEMBER_JOURNEY_POSTGRES_URL names a server to try it on (postgresql+psycopg://user:password@host/db,
an account that may create tables and roles); each test makes a schema of its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sql_home import BY_TIME, PEOPLE, SqlHome
from sqlalchemy import create_engine, make_url

from connectors.discovery import offers
from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    JourneyConnectorError,
    NotPermitted,
    RetryableError,
)
from connectors.protocol import Request

pytest.importorskip("psycopg", reason="psycopg, the driver for PostgreSQL, is not installed")
URL = os.environ.get("MEMBER_JOURNEY_POSTGRES_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="MEMBER_JOURNEY_POSTGRES_URL names no PostgreSQL")
TABLE = """
create table own.member (
  id uuid primary key default gen_random_uuid(), name text not null, balance numeric(12, 2),
  photo bytea, tags jsonb, changed timestamptz not null default now(),
  changed_local timestamp, gone boolean not null default false)
"""


class Postgres(SqlHome):
    """A home whose source is the schema `own` of a real server."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, URL)
        self.engine = create_engine(URL)
        self.run("drop schema if exists own cascade", "create schema own", TABLE)

    def run(self, *statements: str) -> None:
        with self.engine.begin() as db:
            for statement in statements:
                db.exec_driver_sql(statement.replace("%", "%%"))

    def member(self, **more: Any) -> dict[str, Any]:
        return {**PEOPLE, "table": "own.member", "cursor": BY_TIME, **more}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    made = Postgres(tmp_path)
    yield made
    made.run("drop schema own cascade")
    made.engine.dispose()


def fill(server: Postgres, count: int) -> None:
    server.run(
        "insert into own.member (name, balance, changed, changed_local)"
        " select 'Example ' || n, n / 4.0, timestamptz '2026-06-01 10:00Z' + n % 3 * interval"
        " '0.000001 s', timestamp '2026-06-01 12:00' + n * interval '1 s'"
        f" from generate_series(1, {count}) n"
    )


def test_reads_in_pages_and_resumes_after_each(server: Postgres) -> None:
    fill(server, 11)
    source = server.source(server.member(), page_size=4)
    pages = list(source.pages(Request("people", full=True)))
    assert [len(page.rows["people"]) for page in pages] == [4, 4, 3]
    assert len({row["source_record_id"] for page in pages for row in page.rows["people"]}) == 11
    assert all(page.server_time is not None for page in pages)
    for done, page in enumerate(pages, 1):
        rest = list(source.pages(Request("people", full=True, position=page.position)))
        assert [p.rows for p in rest] == [p.rows for p in pages[done:]]


def test_changes_deletes_and_a_second_run(server: Postgres) -> None:
    fill(server, 5)
    stream = server.member(
        cursor={**BY_TIME, "lookback_hours": 0},
        deletes={"kind": "id_reconcile", "column": "gone"},
    )
    source = server.source(stream)
    assert server.sync(source).inserted == {"people": 5}
    server.run(
        "update own.member set name = 'Anna', changed = '2026-06-01 13:00+02' where name like '%1'",
        "update own.member set gone = true, changed = '2026-06-01 13:00+02' where name like '%2'",
        "delete from own.member where name like '%3'",
    )
    receipt = server.sync(source, reconcile="always")
    assert (receipt.updated["people"], receipt.deleted["people"]) == (1, 2)
    assert [name for _, name in server.current()] != []
    assert {name for _, name in server.current()} == {"Anna", "Example 4", "Example 5"}
    assert server.sync(source).updated == {"people": 0}


def test_times_without_a_zone_are_those_of_the_source(server: Postgres) -> None:
    fill(server, 3)
    cursor = {"kind": "updated_since", "column": "changed_local", "lookback_hours": 0}
    source = server.source(server.member(cursor=cursor), timezone="Europe/Berlin")
    server.sync(source)
    assert server.mark() == "2026-06-01T10:00:03+00:00"
    server.run(
        "insert into own.member (name, changed_local) values ('Old', '2026-06-01 12:00:02'),"
        " ('New', '2026-06-01 12:00:03.000001'), ('Never', null)"
    )
    server.sync(source)
    names = {name for _, name in server.current()}
    assert {"New", "Never"} <= names
    assert "Old" not in names


def test_values_of_the_driver(server: Postgres) -> None:
    server.run(
        "insert into own.member (id, name, balance, photo, tags) values"
        " ('00000000-0000-0000-0000-00000000000a', 'Anna', 100.00, '\\x00ff', '{\"a\": 1}')"
    )
    stream = {
        "entity": "payments",
        "query": "select id, balance, photo, tags->>'a' as tag, changed::date as day"
        " from own.member where name like 'A%' and ':x' <> '%s'",
        "columns": {
            "id": "source_payment_id",
            "balance": "amount_minor",
            "photo": "method",
            "tag": "purpose",
            "day": "occurred_at",
        },
        "constants": {"kind": "payment", "currency_code": "EUR"},
        "amounts": "major",
        "cursor": {"kind": "updated_since", "column": "day", "lookback_hours": 0},
    }
    source = server.source(stream)
    server.sync(source, "payments")
    (found,) = server.current("source_payment_id, amount_minor, method, purpose", "payments")
    assert found == ("00000000-0000-0000-0000-00000000000a", 10000, "00ff", "1")
    again = server.sync(source, "payments", reconcile="always")
    assert (again.updated, again.deleted) == ({"payments": 0}, {"payments": 0})


def test_a_read_sees_one_state_and_writes_nothing(server: Postgres) -> None:
    fill(server, 6)
    source = server.source(server.member(), page_size=2)
    pages = source.pages(Request("people", full=True))
    read = len(next(pages).rows["people"])
    server.run("delete from own.member")
    assert read + sum(len(page.rows["people"]) for page in pages) == 6
    stream = server.member(query="select set_config('a.b', name, false) as x, * from own.member")
    del stream["table"]
    fill(server, 1)
    server.run(
        "create function own.sly() returns int language sql as"
        " 'insert into own.member (name) values (''x'') returning 1'"
    )
    sly = {**stream, "query": "select id, name, changed, own.sly() from own.member"}
    sly["columns"] = {**PEOPLE["columns"], "sly": "city"}
    with pytest.raises(JourneyConnectorError, match="the database refused"):
        list(server.source(sly).pages(Request("people", full=True)))


def test_a_slow_or_locked_database(server: Postgres) -> None:
    slow = server.member(query="select *, pg_sleep(5)::text as nap from own.member")
    del slow["table"]
    slow["columns"] = {**PEOPLE["columns"], "nap": "city"}
    fill(server, 1)
    with pytest.raises(RetryableError, match="in time"):
        server.extract(server.source(slow, timeout_seconds=0.2))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with server.engine.begin() as db:
            db.exec_driver_sql("lock table own.member in access exclusive mode")
            held.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    try:
        with pytest.raises(RetryableError, match=r"locked|in time"):
            server.extract(server.source(server.member(), timeout_seconds=0.2))
    finally:
        done.set()
        holder.join()


def test_what_the_server_refuses(server: Postgres) -> None:
    fill(server, 1)
    good = make_url(URL)
    server.run(
        "drop role if exists journey_reader",
        "create role journey_reader login password 'reader-pw'",
    )
    try:
        server.url = good.set(username="journey_reader", password="reader-pw").render_as_string(
            hide_password=False
        )
        with pytest.raises(NotPermitted, match="may not read"):
            server.extract(server.source(server.member()))
    finally:
        server.run("drop role journey_reader")
    for changed, wanted in (
        ({"password": "wr0ng-pw"}, AuthenticationError),
        ({"database": "nosuch", "password": good.password}, ConfigurationError),
        ({"port": 1, "password": "wr0ng-pw"}, RetryableError),
    ):
        server.url = good.set(**changed).render_as_string(hide_password=False)
        with pytest.raises(wanted) as caught:
            server.extract(server.source(server.member()))
        assert "wr0ng-pw" not in f"{caught.value} {caught.value.__cause__!r}"
        assert not server.source(server.member()).check()[0].ok


def test_check_and_what_else_there_is(server: Postgres) -> None:
    fill(server, 20)
    server.run("create table own.event (id int)", "analyze own.member")
    source = server.source(server.member())
    connection, people = source.check()
    assert connection.ok, connection.detail
    assert people.ok, people.detail
    assert "no index begins with changed" in people.detail
    found = {offer.name: offer.detail for offer in offers(source)}
    assert "own.event" in found
    assert "own.member" not in found
    only = server.source(server.member(table="own.event", columns={"id": "source_record_id"}))
    assert {o.name: o.detail for o in offers(only)}["own.member"] == "about 20 rows"
    assert "no column changed" in only.check()[1].detail
