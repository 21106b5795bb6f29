"""One connection to the database: read-only, with time-outs, seeing one state of the data.

Data flow: URL -> engine of its dialect -> Database.reading() -> connection in a transaction.

PostgreSQL: REPEATABLE READ READ ONLY. SQLite: opened with mode=ro, one read transaction. MySQL and
MariaDB: START TRANSACTION READ ONLY. Elsewhere the account must not be able to write.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from connectors.errors import ConfigurationError, JourneyConnectorError
from connectors.sources.sql.errors import DRIVERS, ERRORS, judged

# The database's clock at the beginning of the transaction, as UTC.
_CLOCKS = {
    "postgresql": "select now()",
    "sqlite": "select strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "mysql": "select utc_timestamp(6)",
    "mariadb": "select utc_timestamp(6)",
    "mssql": "select sysutcdatetime()",
}
# Rows per table as the database itself estimates them.
_ESTIMATES = {
    "postgresql": "select n.nspname, c.relname, c.reltuples from pg_class c join pg_namespace n"
    " on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'm') and c.reltuples >= 0",
    "mysql": "select table_schema, table_name, table_rows from information_schema.tables",
    "mariadb": "select table_schema, table_name, table_rows from information_schema.tables",
}
_SYSTEM = {"information_schema", "performance_schema", "mysql", "sys", "pg_catalog", "pg_toast"}


class Database:
    """The database a URL names. Building it does no I/O."""

    def __init__(self, url: SecretStr, *, timeout: float, timezone: str, home: Path) -> None:
        self._secret, self._timeout = url, timeout
        self._timezone, self._home = timezone, home

    @cached_property
    def url(self) -> URL:
        """The URL in parts. ConfigurationError when it is none; its text is never shown."""
        try:
            return make_url(self._secret.get_secret_value())
        except (ArgumentError, ValueError):
            raise ConfigurationError(
                "the secret `url` is no SQLAlchemy URL.",
                todo="Expected something like postgresql+psycopg://user:password@host/database;"
                " special characters of the password are written as %40 and the like.",
            ) from None

    @property
    def dialect(self) -> str:
        return self.url.get_backend_name()

    @contextmanager
    def reading(self, what: str) -> Iterator[Connection]:
        """A connection in a read-only transaction; what fails in it is told as `what` failing."""
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except ERRORS as error:
            raise judged(error, what) from error

    def now(self, connection: Connection) -> datetime | None:
        """The database's clock (UTC); None where there is no way to ask it for UTC."""
        asked = _CLOCKS.get(self.dialect)
        if asked is None:
            return None
        told = connection.execute(text(asked.replace(":", "\\:"))).scalar_one()
        moment = datetime.fromisoformat(told) if isinstance(told, str) else told
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def tables(self, connection: Connection) -> dict[str, int | None]:
        """Every table and view the account sees -> estimated rows; the default schema unnamed."""
        inspector = inspect(connection)
        default = inspector.default_schema_name
        found: dict[str, int | None] = {}
        estimates = self._estimates(connection)
        for schema in inspector.get_schema_names():
            if schema.lower() in _SYSTEM or schema.startswith("pg_"):
                continue
            for name in [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]:
                shown = name if schema in (default, "main") else f"{schema}.{name}"
                found[shown] = estimates.get((schema, name))
        return found

    def _estimates(self, connection: Connection) -> dict[tuple[str, str], int]:
        asked = _ESTIMATES.get(self.dialect)
        if asked is None:
            return {}
        rows = connection.execute(text(asked))
        return {(schema, name): int(count) for schema, name, count in rows if count is not None}

    @cached_property
    def _engine(self) -> Engine:
        url = self._located()
        try:
            engine = create_engine(
                url,
                poolclass=NullPool,
                connect_args=self._arguments(url),
                hide_parameters=True,
                echo=False,
            )
        except ModuleNotFoundError as error:
            driver = DRIVERS.get(self.dialect, "the one the dialect's documentation names")
            raise ConfigurationError(
                f"the driver for this database ({error.name}) is not installed.",
                todo=f"Install {driver}.",
            ) from error
        except (NoSuchModuleError, ArgumentError, TypeError) as error:
            raise self._not_made(error) from None
        if engine.dialect.is_async:
            raise ConfigurationError(
                f"the URL names an asynchronous driver ({engine.driver}).",
                todo=f"Install {DRIVERS.get(self.dialect, 'a driver that is not asynchronous')}.",
            )
        self._hook(engine)
        if self.dialect == "postgresql":
            return engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        return engine

    def _not_made(self, error: Exception) -> JourneyConnectorError:
        if isinstance(error, SQLAlchemyError):
            return judged(error, "connecting")
        return ConfigurationError(
            "the URL has an option its driver does not know.", todo="Correct the URL."
        )

    def _located(self) -> URL:
        """SQLite's file, which must be there, opened for reading only; other URLs as they are."""
        url = self.url
        if self.dialect != "sqlite":
            return url
        name = url.database or ""
        if not name or name == ":memory:" or name.startswith("file:"):
            raise ConfigurationError(
                "the URL names no SQLite file.", todo="Expected sqlite:///folder/file.db."
            )
        path = self._home / name
        if not path.is_file():
            raise ConfigurationError(
                f"there is no SQLite file {path.name}.",
                todo="A relative path lies in the organisation's folder.",
            )
        return url.set(database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"})

    def _arguments(self, url: URL) -> dict[str, Any]:
        """Time-outs, as each driver takes them."""
        seconds = max(1, round(self._timeout))
        driver = url.get_driver_name()
        if driver == "pysqlite":
            return {"timeout": self._timeout}
        if driver in ("pymysql", "mysqldb"):
            return {"connect_timeout": seconds, "read_timeout": seconds * 2}
        if driver in ("psycopg", "psycopg2"):
            return {
                "connect_timeout": seconds,
                "application_name": "member-journey",
                "keepalives_idle": 30,
                "tcp_user_timeout": seconds * 2000,
            }
        if driver == "pyodbc":
            return {"timeout": seconds}
        return {"tcp_connect_timeout": seconds} if driver == "oracledb" else {}

    def _hook(self, engine: Engine) -> None:
        """What a new connection, and a new transaction, is told first."""
        milliseconds = max(1, round(self._timeout * 1000))
        said: list[str] = []
        if self.dialect == "postgresql":
            said = [
                f"set statement_timeout = {milliseconds}",
                f"set lock_timeout = {milliseconds}",
                f"set timezone = '{self._timezone}'",
            ]
        elif self.dialect in ("mysql", "mariadb"):
            slow = (
                f"set session max_statement_time = {self._timeout}"
                if self.dialect == "mariadb"
                else f"set session max_execution_time = {milliseconds}"
            )
            said = [slow, "set session transaction read only"]

        @event.listens_for(engine, "connect")
        def connected(raw: Any, _record: Any) -> None:
            if self.dialect == "sqlite":
                raw.isolation_level = None  # the driver begins no transaction before a SELECT
            if said:
                cursor = raw.cursor()
                for statement in said:
                    cursor.execute(statement)
                cursor.close()
                raw.commit()

        if self.dialect == "sqlite":

            @event.listens_for(engine, "begin")
            def begun(connection: Connection) -> None:
                connection.exec_driver_sql("begin")
