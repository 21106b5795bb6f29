"""What a database's refusal means, in words without its own: a driver's message may quote a row.

Data flow: SQLAlchemy or driver error -> judged() -> error of connectors/errors.py.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    JourneyConnectorError,
    NotPermitted,
    RetryableError,
    SourceError,
)

# SQLAlchemy's name of a dialect -> what to install for it.
DRIVERS = {
    "postgresql": "psycopg[binary], and write postgresql+psycopg:// in the URL",
    "mysql": "pymysql, and write mysql+pymysql:// in the URL",
    "mariadb": "pymysql, and write mariadb+pymysql:// in the URL",
    "mssql": "pyodbc and Microsoft's ODBC driver, and write mssql+pyodbc:// in the URL",
    "oracle": "oracledb, and write oracle+oracledb:// in the URL",
}
ERRORS = (SQLAlchemyError, OSError)  # what a database or its driver may raise
# The first that occurs in the driver's message counts; the message itself is never passed on.
_AUTH = (
    "password authentication failed",
    "no password supplied",
    "access denied for user",
    "login failed",
    "ora-01017",
    "authentication failed",
)
_DENIED = ("permission denied", "command denied", "insufficient privilege", "select permission")
_LOCKED = ("database is locked", "lock timeout", "lock wait timeout", "deadlock")
_SLOW = ("timeout", "timed out", "max_execution_time", "interrupted")
_MISSING = (
    "no such table",
    "no such column",
    "does not exist",
    "doesn't exist",
    "invalid object",
    "unknown column",
    "invalid column",
    "ora-00942",
    "ora-00904",
)
_AWAY = (
    "unable to open",
    "connect",
    "could not translate",
    "server closed",
    "gone away",
    "network",
    "broken pipe",
    "terminating",
)


def judged(error: Exception, what: str) -> JourneyConnectorError:
    """The error to raise `from` this one; `what` was being done, for example "reading people"."""
    if isinstance(error, NoSuchModuleError):
        return ConfigurationError(
            "SQLAlchemy has no such dialect as the URL names.",
            todo="Correct the URL, or install the package that brings the dialect.",
        )
    if isinstance(error, NoSuchTableError):
        return SourceError(f"{what}: a table is not there.", todo="Correct `table`.")
    said = str(error.orig if isinstance(error, DBAPIError) else error).lower()
    kind = _kind_of(error)
    if _any(said, _DENIED):
        return NotPermitted(
            f"{what}: the account may not read this ({kind}).", todo="Grant it SELECT."
        )
    if _any(said, _LOCKED):
        return RetryableError(
            f"{what}: the database stayed locked ({kind}).",
            todo="Run again when nobody writes, or raise `timeout_seconds`.",
        )
    if _any(said, _AUTH) or ('role "' in said and "does not exist" in said):
        return AuthenticationError(
            f"{what}: the database refused the user or the password ({kind}).",
            todo="Correct the URL in the environment.",
        )
    if ('database "' in said and "does not exist" in said) or "unknown database" in said:
        return ConfigurationError(
            f"{what}: the server has no such database ({kind}).",
            todo="Correct the URL in the environment.",
        )
    if _any(said, _MISSING):
        return SourceError(
            f"{what}: a table or column is not there ({kind}).",
            todo="`journey check` names it; correct the stream in config/sources.yml.",
        )
    if _any(said, _SLOW):
        return RetryableError(
            f"{what}: the database did not answer in time ({kind}).",
            todo="Run again, put an index on the cursor's column, or raise `timeout_seconds`.",
        )
    if _any(said, _AWAY):
        return RetryableError(
            f"{what}: the database can not be reached ({kind}).",
            todo="Is it running, and may this machine connect to it?",
        )
    return SourceError(
        f"{what}: the database refused ({kind}).",
        todo="Its own log says why; the message is not repeated, as it may quote rows.",
    )


def _kind_of(error: Exception) -> str:
    """The driver's class of error, with the SQLSTATE where it has one."""
    driver = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    state = getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None)
    return f"{type(driver).__name__} {state}" if state else type(driver).__name__


def _any(said: str, words: tuple[str, ...]) -> bool:
    return any(word in said for word in words)
