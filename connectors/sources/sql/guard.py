"""Whether a configured query does nothing but read.

Data flow: `query` of a stream -> sqlglot -> reason to refuse it, or none; the tables it reads.

The account in the URL should not be able to write at all; this is the second lock. A function with
effects of its own can not be told from another one, so the transaction is read-only besides.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

# SQLAlchemy's name of a dialect -> sqlglot's, where they differ.
_DIALECTS = {
    "postgresql": "postgres",
    "mariadb": "mysql",
    "mssql": "tsql",
    "cockroachdb": "postgres",
    "awsathena": "athena",
}
_SAME = {"mysql", "sqlite", "oracle", "snowflake", "bigquery", "redshift", "databricks", "trino"}
_WRITES = (
    exp.DML,
    exp.DDL,
    exp.Command,
    exp.Into,
    exp.Lock,
    exp.Set,
    exp.Pragma,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Merge,
    exp.Drop,
    exp.Alter,
    exp.TruncateTable,
)


def refused(query: str, dialect: str) -> str | None:
    """Why the query is refused, in words that follow "query"; None for one SELECT."""
    if "/*!" in query:
        return "holds a comment that MySQL would execute"
    try:
        statements = [s for s in sqlglot.parse(query, dialect=_named(dialect)) if s is not None]
    except SqlglotError:
        return "is no SQL that can be read: expected one SELECT"
    if len(statements) != 1:
        return f"holds {len(statements)} statements: expected one SELECT"
    statement = statements[0]
    if not isinstance(statement, exp.Query):
        return f"is {statement.key.upper()}: expected one SELECT"
    for node in statement.walk():
        # A SELECT is DML to sqlglot in some releases; what writes is anything else.
        if isinstance(node, _WRITES) and not isinstance(node, exp.Query):
            return f"holds {node.key.upper()}: expected a SELECT that only reads"
    return None


def tables_of(query: str, dialect: str) -> set[str]:
    """The tables a query reads, with their schema where it says one; its own CTEs are none."""
    try:
        statement = sqlglot.parse_one(query, dialect=_named(dialect))
    except SqlglotError:
        return set()
    own = {cte.alias for cte in statement.find_all(exp.CTE)}
    return {
        ".".join(part.name for part in table.parts)
        for table in statement.find_all(exp.Table)
        if table.db or table.name not in own
    }


def _named(dialect: str) -> str | None:
    return _DIALECTS.get(dialect) or (dialect if dialect in _SAME else None)
