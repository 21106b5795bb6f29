"""Segment rules: boolean SQL over documented columns, parsed and allow-listed, never trusted.

Data flow: rule text (YAML) -> sqlglot tree -> every node allowed? -> normalised DuckDB SQL for dbt,
and `explain`, which says which condition holds for one member.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

DIALECT = "duckdb"
MAX_RULE_LENGTH = 4000

_PREDICATES: tuple[type[exp.Expr], ...] = (
    exp.And,
    exp.Or,
    exp.Not,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.Between,
    exp.In,
    exp.Is,
)
_VALUES: tuple[type[exp.Expr], ...] = (
    exp.Paren,
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Mod,
    exp.Neg,
    exp.Coalesce,
    exp.Abs,
)
_ALLOWED = (
    "allowed are columns, values, and/or/not, = <> < <= > >=, between, in (...), is null, "
    "+ - * / %, coalesce(), abs()"
)


@dataclass(frozen=True)
class RuleProblem:
    """What is wrong with a rule; `line` counts from 1 within the rule's own text."""

    line: int
    message: str


@dataclass(frozen=True)
class Rule:
    """A checked rule: `sql` is written anew from the parsed tree, without comments."""

    sql: str
    columns: tuple[str, ...]  # as used, sorted


def parse_rule(text: str, columns: Collection[str]) -> tuple[Rule | None, list[RuleProblem]]:
    """The rule, or everything that is wrong with it. `columns` are those a rule may name."""
    if len(text) > MAX_RULE_LENGTH:
        return None, [RuleProblem(1, f"the rule is longer than {MAX_RULE_LENGTH} characters")]
    try:
        statements = [tree for tree in sqlglot.parse(text, read=DIALECT) if tree is not None]
    except SqlglotError as error:
        return None, [_syntax_problem(error)]
    if len(statements) != 1:
        said = "the rule is empty" if not statements else "a rule is one condition, without ';'"
        return None, [RuleProblem(1, said)]
    tree = statements[0]
    problems = list(_node_problems(tree, set(columns)))
    if not problems and not _is_condition(tree):
        problems.append(RuleProblem(1, "a rule must be true or false, such as stage = 'dormant'"))
    if not problems and tree.find(exp.Column) is None:
        problems.append(RuleProblem(1, "the rule names no column: it would take in everybody"))
    if problems:
        return None, sorted(set(problems), key=lambda problem: (problem.line, problem.message))
    used = sorted({column.name for column in tree.find_all(exp.Column)})
    return Rule(tree.sql(dialect=DIALECT, comments=False), tuple(used)), []


def conditions(rule_sql: str) -> list[str]:
    """The conditions a rule joins with AND at its top level, in order, as SQL."""
    tree = sqlglot.parse_one(rule_sql, read=DIALECT).unnest()
    parts = tree.flatten() if isinstance(tree, exp.And) else [tree]
    return [part.sql(dialect=DIALECT, comments=False) for part in parts]


def explain(rule_sql: str, row: Mapping[str, Any]) -> list[tuple[str, bool | None]]:
    """Each top-level condition with whether it holds for `row`; None = unknown (a null in it).

    `row` maps column names to Python values. Raises KeyError for a column the row does not have.
    """
    parts = conditions(rule_sql)
    tree = sqlglot.parse_one(rule_sql, read=DIALECT)
    names = sorted({column.name for column in tree.find_all(exp.Column)})
    values = [row[name] for name in names]
    given = ", ".join(f'? as "{name}"' for name in names) or "1 as nothing"
    asked = ", ".join(f"cast(({part}) as boolean)" for part in parts)
    with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as db:
        found = db.execute(f"with member as (select {given}) select {asked} from member", values)
        answers = found.fetchone()
    return list(zip(parts, answers or (), strict=True))


def _is_condition(tree: exp.Expr) -> bool:
    bare = tree.unnest()
    return isinstance(bare, (*_PREDICATES, exp.Column))


def _node_problems(tree: exp.Expr, columns: set[str]) -> Iterator[RuleProblem]:
    for node in tree.walk():
        line = _line(node)
        if not isinstance(node, (*_PREDICATES, *_VALUES)):
            yield RuleProblem(line, f"{_word(node)} cannot be used in a rule; {_ALLOWED}")
        elif isinstance(node, exp.Column):
            if node.table or not isinstance(node.this, exp.Identifier):
                yield RuleProblem(line, f"'{_shown(node)}': name the column only, without a table")
            elif node.name not in columns:
                yield RuleProblem(line, _unknown_column(node, columns))
        elif isinstance(node, exp.In) and not _lists_values(node):
            yield RuleProblem(line, "'in' needs a list of values, such as in ('grace', 'lapsed')")


def _lists_values(node: exp.In) -> bool:
    values = node.expressions
    return bool(values) and all(isinstance(v, (exp.Literal, exp.Neg, exp.Boolean)) for v in values)


def _unknown_column(node: exp.Column, columns: set[str]) -> str:
    if node.this.args.get("quoted"):
        return f"\"{node.name}\" is read as a column; put text in single quotes: '{node.name}'"
    close = difflib.get_close_matches(node.name, sorted(columns), n=1, cutoff=0.6)
    hint = f"did you mean '{close[0]}'?" if close else "see the columns of mart_member_360"
    return f"unknown column '{node.name}'; {hint}"


def _line(node: exp.Expr) -> int:
    """The line of a node: its own or the first one known below it."""
    for below in node.walk():
        if "line" in below.meta:
            # sqlglot counts the line the token ends on; names have no line breaks in them.
            return int(below.meta["line"])
    return 1


def _word(node: exp.Expr) -> str:
    if isinstance(node, (exp.Subquery, exp.Select, exp.SetOperation, exp.Exists)):
        return "a subquery"
    if isinstance(node, exp.Func):
        return f"the function {node.sql_name().lower()}()"
    if isinstance(node, (exp.DDL, exp.DML, exp.Drop, exp.Command, exp.Table)):
        return "a statement"
    return f"'{type(node).__name__.lower()}'"


def _shown(node: exp.Expr) -> str:
    return node.sql(dialect=DIALECT)[:60]


def _syntax_problem(error: SqlglotError) -> RuleProblem:
    details = getattr(error, "errors", None) or [{}]
    line = details[0].get("line") or 1
    said = str(details[0].get("description") or "")
    if said.startswith("Required keyword"):
        said = "something is missing after an operator"
    return RuleProblem(int(line), f"not a valid condition: {said or 'a quote is not closed'}")
