"""SQL replica on SQLite files: what is refused, how changes are found, what errors say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sql_home import BY_TIME, PEOPLE, Application

from connectors.errors import (
    SourceError,
)
from connectors.protocol import Request
from connectors.registry import SOURCES
from connectors.sources.mapping import CURSOR


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    yield Application(tmp_path)


def problems(stream: dict[str, Any], **settings: Any) -> str:
    wanted = {"url": "postgresql+psycopg://me:s3cret@db/app", "streams": [stream], **settings}
    with pytest.raises(ValidationError) as caught:
        SOURCES["sql"].settings.model_validate(wanted)
    assert "s3cret" not in str(caught.value)
    return str(caught.value)


def query(sql: str, **more: Any) -> dict[str, Any]:
    return {key: value for key, value in PEOPLE.items() if key != "table"} | {"query": sql, **more}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("delete from member", "is DELETE"),
        ("select 1; drop table member", "holds 2 statements"),
        ("with gone as (delete from member returning *) select * from gone", "holds DELETE"),
        ("select * into copy from member", "holds INTO"),
        ("select * from member for update", "holds LOCK"),
        ("copy member to 'copy.csv'", "expected one SELECT"),
        ("call tidy()", "expected one SELECT"),
        ("selec * from", "expected one SELECT"),
        ("explain analyze delete from member", "expected one SELECT"),
        ("", "holds 0 statements"),
        ("select 1 /*! into outfile 'x' */", "MySQL would execute"),
        ("select 1) as own; drop table member; --", "expected one SELECT"),
    ],
)
def test_a_query_that_does_more_than_read_is_refused(sql: str, said: str) -> None:
    assert said in problems(query(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "select id, name from member where note like '%:x' and at > '2026-01-01'::date;",
        "with m as (select * from member) select id, name from m union all select 1, 'x'",
        "(select id, name from member order by id limit 10)",
    ],
)
def test_a_query_that_reads_is_taken(sql: str) -> None:
    settings = {"url": "postgresql+psycopg://me:pw@db/app", "streams": [query(sql)]}
    SOURCES["sql"].settings.model_validate(settings)


def test_settings_say_what_does_not_fit() -> None:
    assert "either `table` or `query`" in problems({**PEOPLE, "query": "select 1"})
    assert "needs `column`" in problems({**PEOPLE, "cursor": {"kind": "updated_since"}})
    assert "has no `column`" in problems({**PEOPLE, "cursor": {"column": "changed"}})
    assert "flag needs `column`" in problems({**PEOPLE, "deletes": {"kind": "flag"}})
    assert "`is` needs" in problems({**PEOPLE, "deletes": {"is": [1]}})
    assert "table" in problems({**PEOPLE, "table": "member; drop table x"})
    assert "must come from a column" in problems(
        {**PEOPLE, "columns": {"name": "first_name"}, "constants": {"source_record_id": "1"}}
    )
    assert "time zone" in problems(PEOPLE, timezone="Berlin")
    assert "people is mapped more than once" in problems(PEOPLE, streams=[PEOPLE, PEOPLE])
    found = problems(query("drop table a"), streams=[query("drop table a"), query("delete from b")])
    assert "mapped more than once" in found


def test_the_same_row_is_not_read_twice_and_changes_are(app: Application) -> None:
    stream = {**PEOPLE, "cursor": {**BY_TIME, "lookback_hours": 0}}
    assert app.sync(app.source(stream)).inserted == {"people": 2}
    assert app.mark() == "2026-06-02T10:00:00+00:00"
    app.run("update member set name = 'Benno', changed = '2026-06-02T10:00:01Z' where id = 2")
    app.run("insert into member values (3, 'Cleo', '2026-06-02 12:00:02+02:00')")
    receipt = app.sync(app.source(stream, timezone="UTC"))
    assert (receipt.inserted, receipt.updated) == ({"people": 1}, {"people": 1})
    assert app.current() == [("1", "Anna"), ("2", "Benno"), ("3", "Cleo")]


def test_a_change_that_moves_no_time_is_found_by_a_full_read(app: Application) -> None:
    source = app.source({**PEOPLE, "cursor": {**BY_TIME, "lookback_hours": 1}})
    app.sync(source)
    app.run("update member set name = 'Hanna' where id = 1")
    app.run("insert into member values (0, 'Late', '2020-01-01 00:00:00')")
    app.sync(source)
    assert app.current() == [("1", "Anna"), ("2", "Ben")]
    app.sync(source, full=True)
    assert app.current() == [("0", "Late"), ("1", "Hanna"), ("2", "Ben")]


def test_a_deleted_row_is_found_by_its_key(app: Application) -> None:
    source = app.source({**PEOPLE, "cursor": BY_TIME})
    app.sync(source)
    app.run("delete from member where id = 1")
    assert app.sync(source, reconcile="never").deleted == {"people": 0}
    assert app.sync(source, reconcile="always").deleted == {"people": 1}
    assert app.current() == [("2", "Ben")]


def test_a_status_may_say_deleted(app: Application) -> None:
    app.run("alter table member add column status text default 'active'")
    app.run("update member set status = 'void' where id = 2")
    deletes = {"kind": "flag", "column": "status", "is": ["void", "test"]}
    app.sync(app.source({**PEOPLE, "deletes": deletes}))
    assert app.current() == [("1", "Anna")]


def test_rows_without_a_time_are_read_every_time(app: Application) -> None:
    source = app.source({**PEOPLE, "cursor": BY_TIME}, page_size=1)
    app.run("insert into member values (3, 'Cleo', null), (4, 'Dora', null)")
    app.sync(source)
    app.run("update member set name = 'Cleopatra' where id = 3")
    app.sync(source)
    assert [name for _, name in app.current()] == ["Anna", "Ben", "Cleopatra", "Dora"]
    places = [page.position for page in source.pages(Request("people", full=True))]
    for done, place in enumerate(places, 1):
        rest = list(source.pages(Request("people", full=True, position=place)))
        assert len(rest) == 4 - done


def test_numbers_that_only_grow(app: Application) -> None:
    cursor = {"kind": "append_log_id", "column": "id", "overlap": 2}
    source = app.source({**PEOPLE, "cursor": cursor, "deletes": {"kind": "none"}})
    app.run("delete from member")
    app.run("insert into member values (9, 'Ida', null), (10, 'Jo', null)")
    app.sync(source)
    assert app.mark() == "10"
    app.run("insert into member values (7, 'Gap', null), (8, 'Late', null), (11, 'Kim', null)")
    app.sync(source)
    assert [id for id, _ in app.current()] == ["10", "11", "8", "9"]
    with pytest.raises(SourceError, match="slice of time"):
        app.extract(source, since=app.clock.now())


def test_seconds_since_1970(app: Application) -> None:
    app.run("update member set changed = 1780000000 + id")
    cursor = {**BY_TIME, "format": "unix", "lookback_hours": 0}
    source = app.source({**PEOPLE, "cursor": cursor})
    app.sync(source)
    assert app.mark() == "2026-05-28T20:26:42+00:00"
    app.run("update member set changed = 1780000003, name = 'Hanna' where id = 1")
    assert app.sync(source).updated == {"people": 1}


@pytest.mark.parametrize("lookback", [0, 1])
def test_the_hour_that_comes_twice(app: Application, lookback: float) -> None:
    """02:59 in summer time is followed by 02:01 in winter time: the mark must not hide it."""
    app.clock.advance(86400 * 365)
    app.run("update member set changed = '2026-10-25 02:59:00' where id = 2")
    stream = {**PEOPLE, "cursor": {**BY_TIME, "lookback_hours": lookback}}
    source = app.source(stream, timezone="Europe/Berlin")
    app.sync(source)
    app.run("insert into member values (3, 'Cleo', '2026-10-25 02:01:00')")
    app.sync(source)
    assert ("3", "Cleo") in app.current()


def test_local_times_are_compared_as_local_times(app: Application) -> None:
    app.run("update member set changed = '2026-06-02 12:00:00' where id = 2")
    stream = {**PEOPLE, "cursor": {**BY_TIME, "lookback_hours": 0}}
    source = app.source(stream, timezone="Europe/Berlin")
    app.sync(source)
    assert app.mark() == "2026-06-02T10:00:00+00:00"
    app.run("insert into member values (3, 'Cleo', '2026-06-02T10:00:01Z')")
    app.run("insert into member values (4, 'Dora', '2026-06-02 12:00:01')")
    app.run("insert into member values (5, 'Old', '2026-06-02 11:59:00')")
    app.sync(source)
    assert [name for _, name in app.current()] == ["Anna", "Ben", "Cleo", "Dora"]


def test_values_of_drivers(app: Application) -> None:
    sql = (
        "select x'00ff' as id, 12.5 as amount, x'4142' as method, '2026-01-02' as day"
        " union all select 'p2', 7, 'a:b%s', null -- the last"
    )
    stream = {
        "entity": "payments",
        "query": sql,
        "columns": {
            "id": "source_payment_id",
            "amount": "amount_minor",
            "method": "method",
            "day": "occurred_at",
        },
        "constants": {"kind": "payment", "currency_code": "EUR"},
        "amounts": "major",
    }
    source = app.source(stream)
    app.sync(source, "payments")
    found = app.current("source_payment_id, amount_minor, method", "payments")
    assert found == [("00ff", 1250, "AB"), ("p2", 700, "a:b%s")]
    app.sync(source, "payments")
    assert len(app.current("source_payment_id", "payments")) == 2


def test_an_unmapped_column_never_leaves_the_database(app: Application) -> None:
    app.run("alter table member add column diagnosis text default 'private'")
    (page,) = app.source({**PEOPLE, "cursor": BY_TIME}).pages(Request("people", full=True))
    assert page.rows["people"][0][CURSOR] == "2026-06-01 10:00:00"
    assert "private" not in str(page)
