"""The select that turns landed records into typed rows, with the reasons for those that do not fit.

Data flow: <stage>_landed (n, bad, k, r) -> typed_select() -> <stage>_typed.

Texts, casts and reasons are one select inside another, so that each is worked out once; a record is
parsed once for all of its texts and once for all of its documents.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.landing.columns import (
    DERIVED,
    SYSTEM_COLUMNS,
    TYPE_WORDS,
    cast,
    columns_list,
    json_paths,
    literal,
    quoted,
    raw_columns,
)
from connectors.landing.encode import ORIGIN
from connectors.protocol import StreamSpec


class _Paths:
    """JSON paths asked for at once; `value` gives the expression of the first that has one."""

    def __init__(self, variable: str) -> None:
        self._variable = variable
        self.paths: list[str] = []

    def value(self, path: str, null: str = "") -> str:
        """`null`: a value that counts as none."""
        parts = [f"{self._variable}[{self._place(one)}]" for one in json_paths(path)]
        if null:
            parts = [f"nullif({part}, {null})" for part in parts]
        return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"

    def listed(self) -> str:
        return "[" + ", ".join(literal(path) for path in self.paths) + "]"

    def _place(self, path: str) -> int:
        if path not in self.paths:
            self.paths.append(path)
        return self.paths.index(path) + 1


def typed_select(spec: StreamSpec, landed: str, unknown: Sequence[str]) -> str:
    """SQL over the table `landed`: the raw table's own columns, `n`, `_extra`, `_row_hash`,
    `_is_deleted` and `_reason` (null for a row that can be taken).

    `unknown`: keys of the records that no column reads; they make up `_extra`.
    """
    strings, documents = _Paths("v"), _Paths("j")
    texts: list[str] = []
    values: list[str] = []
    reasons = ["bad"]
    for name, column in spec.columns.items():
        given = strings.value(column.path or name)  # also of a document: it is part of the hash
        if column.type == "json":
            document = documents.value(column.path or name, null="'null'::json")
            values.append(f"{document} as {quoted(name)}")
            continue
        text = quoted(f"_t{len(texts)}")
        trimmed = column.type not in ("string", "email", "phone")
        texts.append(f"{_trimmed(given) if trimmed else given} as {text}")
        values.append(f"{cast(column.type, text, spec.timezone)} as {quoted(name)}")
        if column.type in DERIVED:
            key = name + DERIVED[column.type]
            path = literal(json_paths(key)[0])
            values.append(f"json_extract_string(k, {path}) as {quoted(key)}")
        if trimmed:
            why = literal(f"{name} is not {TYPE_WORDS[column.type]}")
            reasons.append(
                f"case when {text} is not null and {quoted(name)} is null then {why} end"
            )
    is_deleted = (
        f"coalesce(try_cast({strings.value(spec.deleted_when)} as boolean), false)"
        if spec.deleted_when
        else "false"
    )
    texts += [
        f"{_extra(spec, unknown)} as _extra",
        f"{f'json_extract(r, {documents.listed()})' if documents.paths else 'null'} as j",
    ]
    values += [
        "md5(to_json(v)::varchar || coalesce(_extra::varchar, '')) as _row_hash",
        f"{is_deleted} as _is_deleted",
    ]
    keyless = " ".join(
        f"when {quoted(name)} is null then {literal(f'primary key {name} is null')}"
        for name in spec.primary_key
    )
    own = columns_list([name for name in raw_columns(spec) if name not in SYSTEM_COLUMNS])
    return (
        f"select n, {own}, _extra, _row_hash, _is_deleted,"
        f" coalesce(nullif(concat_ws('; ', {', '.join(reasons)}), ''),"
        f" case {keyless} end) as _reason"
        f" from (select *, {', '.join(values)} from (select *, {', '.join(texts)}"
        f" from (select n, bad, k, r, json_extract_string(r, {strings.listed()}) as v"
        f" from {landed})))"
    )


def _extra(spec: StreamSpec, unknown: Sequence[str]) -> str:
    """The members of a record that no column reads, as one expression."""
    if not unknown:
        return "null::json"
    known = {column.path or name for name, column in spec.columns.items()}
    known |= {path.split(".")[0] for path in known}
    known |= {spec.deleted_when or "", ORIGIN}
    patch = "{" + ", ".join(f'"{_escape(key)}": null' for key in sorted(known) if key) + "}"
    return f"nullif(json_merge_patch(r, {literal(patch)}), '{{}}'::json)"


def _trimmed(text: str) -> str:
    return f"nullif(trim({text}), '')"


def _escape(key: str) -> str:
    return key.replace("\\", "\\\\").replace('"', '\\"')
