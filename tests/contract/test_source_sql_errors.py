"""SQL replica on SQLite files: what check tells, what is offered, what errors say."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sql_home import BY_TIME, PEOPLE, Application

from connectors.discovery import discover, offers
from connectors.errors import (
    ConfigurationError,
    JourneyConnectorError,
    RetryableError,
    SourceError,
)

OF_A_QUERY = {
    "entity": "people",
    "query": "with own as (select * from event) select * from own join member",
    "columns": PEOPLE["columns"],
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    yield Application(tmp_path)


def test_nothing_can_be_written(app: Application) -> None:
    with (
        pytest.raises(JourneyConnectorError),
        app.source()._database.reading("writing") as db,
    ):
        db.exec_driver_sql("delete from member")
    assert len(app.run("select * from member")) == 2


def test_check_names_what_is_missing(app: Application) -> None:
    good = {**PEOPLE, "cursor": BY_TIME}
    bad = {
        "entity": "plans",
        "table": "member",
        "columns": {"id": "source_plan_id", "nome": "plan_name", "cod": "plan_code"},
    }
    away = {"entity": "events", "table": "event", "columns": {"id": "source_event_id"}}
    connection, people, plans, events = app.source(good, bad, away).check()
    assert connection.ok
    assert people.ok
    assert "incremental by changed" in people.detail
    assert "no index begins with changed" in people.detail
    assert not plans.ok
    assert "no column nome, cod" in plans.detail
    assert not events.ok
    assert "table or column is not there" in events.detail
    with pytest.raises(ConfigurationError, match="nome, cod"):
        app.extract(app.source(bad), "plans")


def test_check_tells_of_keys_and_times(app: Application) -> None:
    app.run("create table loose (id text, name text, changed text)")
    app.run("create index by_time on loose (changed)")
    app.run("insert into loose values ('a', 'Anna', null)")
    _, item = app.source({**PEOPLE, "table": "loose", "cursor": BY_TIME}).check()
    assert "not declared unique" in item.detail
    assert "no index" not in item.detail
    assert "have no changed" in item.detail


def test_what_else_there_is(app: Application) -> None:
    app.run("create table event (id text)")
    app.run("create table payment (id text)")
    app.run("create view recent as select * from event")
    source = app.source(OF_A_QUERY)
    assert [offer.name for offer in offers(source)] == ["payment", "recent"]
    assert discover(app.source(), "people")[0].records == 2


def test_a_locked_database_is_told_apart(app: Application) -> None:
    with closing(sqlite3.connect(app.file, isolation_level=None)) as db:
        db.execute("begin exclusive")
        source = app.source(timeout_seconds=0.05)
        with pytest.raises(RetryableError, match="stayed locked"):
            app.extract(source)
        assert "stayed locked" in source.check()[1].detail
        db.execute("rollback")
    app.sync(app.source())
    assert len(app.current()) == 2


def test_no_file_no_table_no_database(app: Application, tmp_path: Path) -> None:
    app.file.unlink()
    source = app.source()
    assert "no SQLite file app.db" in source.check()[0].detail
    with pytest.raises(ConfigurationError, match="no SQLite file"):
        app.extract(source)
    assert not app.file.exists(), "reading made a file"
    (tmp_path / "app.db").write_text("this is no database, but a long enough text" * 50)
    with pytest.raises(SourceError, match="the database refused"):
        app.extract(app.source())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("unset", "no SQLAlchemy URL"),
        ("postgresql+asyncpg://me:s3cret@127.0.0.1:1/app", "asynchronous"),
        ("oracle+oracledb://me:s3cret@127.0.0.1:1/app", "driver"),
        ("nosuch://me:s3cret@127.0.0.1/app", "no such dialect"),
        ("postgresql://me:s3cret@127.0.0.1:port/app", "no SQLAlchemy URL"),
        ("sqlite://", "no SQLite file"),
    ],
)
def test_errors_never_show_the_url(app: Application, url: str, said: str) -> None:
    app.url = url
    source = app.source()
    (item,) = source.check()
    assert not item.ok
    assert said in item.detail
    with pytest.raises(JourneyConnectorError) as caught:
        app.extract(source)
    shown = f"{item} {caught.value} {caught.value.__cause__!r} {source.__dict__}"
    assert "s3cret" not in shown
