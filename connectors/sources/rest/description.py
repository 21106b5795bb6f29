"""What can be said about one list of an API: how it is asked, paged, followed and mapped.

Data flow: config/sources.yml -> StreamDescription (checked here) -> walking.py, streams.py.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.sources.mapping import EntityMapping
from connectors.sources.rest.template import NAMES, names_in

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_NEEDS = {"page": "page", "offset": "offset", "token": "cursor", "last_id": "last_id"}
_SECRETS = {"api_key", "apikey", "access_token", "token", "password", "secret", "client_secret"}
_BY = {name: by for by, name in _NEEDS.items()}


def _duration(value: Any) -> Any:
    found = re.fullmatch(r"(\d+)\s*([smhd])", str(value))
    if found is None:
        raise ValueError("expected a number with s, m, h or d, such as 30m or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Strict(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Paginate(Strict):
    """How one page leads to the next.

    - `size`: sent as {limit}; `first`: the number of the first page
    - `selector`: where the answer has the next link or token; `field`: the id of `last_id`
    - `more`: where the answer says true while there is more; without it lists by page, offset and
      last id end at the `total`, or with an empty page (`ends: short_page`: a page below `size`)
    - `walk: until_still` reads a list again until a walk finds nothing new, as records move
      between pages while others are deleted; `once` for lists that can not shift
    - `resumable`: tokens or links stay good for a day, so an interrupted read may go on from one
    """

    by: Literal["none", "page", "offset", "next_link", "link_header", "token", "last_id"] = "none"
    size: int | None = Field(default=None, ge=1, le=100_000)
    first: int = Field(default=1, ge=0, le=1)
    selector: str | None = None
    field: str | None = None
    more: str | None = None
    ends: Literal["empty_page", "short_page"] = "empty_page"
    walk: Literal["once", "until_still"] | None = None
    resumable: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        wrong = []
        if self.by in ("next_link", "token") and self.selector is None:
            wrong.append(f"by {self.by} needs `selector`")
        if self.by == "link_header" and self.selector is not None:
            wrong.append("by link_header has no `selector`")
        if self.by == "last_id" and self.field is None:
            wrong.append("by last_id needs `field`")
        if self.ends == "short_page" and self.size is None:
            wrong.append("`ends: short_page` needs `size`")
        if self.resumable and (self.by not in ("next_link", "token") or self.moves):
            wrong.append("`resumable` is for next_link and token with `walk: once`")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def moves(self) -> bool:
        """Whether records may move from page to page while the list is read."""
        if self.walk is not None:
            return self.walk == "until_still"
        return self.by in ("page", "offset", "next_link", "link_header")


class Following(Strict):
    """How only what is new is asked for, by {since}, or by {last_id} for an append log.

    `format` of the field and of {since}: iso, unix, ms, date, or strptime (in the source's time
    zone). `lookback` is read again every time; `overlap`: so many ids of a log are.
    """

    kind: Literal["full", "updated_since", "created_only", "append_log_id"] = "full"
    field: str | None = None
    format: str = "iso"
    lookback: Duration | None = None
    overlap: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        wrong = []
        if (self.kind == "full") != (self.field is None):
            wrong.append(f"{self.kind} {'has no' if self.field else 'needs'} `field`")
        if self.lookback is not None and self.kind in ("full", "append_log_id"):
            wrong.append(f"{self.kind} has no `lookback`")
        if self.format not in ("iso", "unix", "ms", "date") and "%" not in self.format:
            wrong.append("`format` is iso, unix, ms, date, or one like %Y-%m-%d %H:%M:%S")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def window(self) -> timedelta:
        """What is read again: five minutes, or a week of records that change unseen."""
        if self.lookback is not None:
            return self.lookback
        usual = {"updated_since": timedelta(minutes=5), "created_only": timedelta(days=7)}
        return usual.get(self.kind, timedelta(0))


class Deletes(Strict):
    """How deletions are noticed: a field of the record (`is` lists its values), or all keys."""

    kind: Literal["none", "flag", "id_reconcile"] = "none"
    field: str | None = None
    is_: list[str | int | bool] | None = Field(default=None, alias="is")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "flag") != (self.field is not None):
            raise ValueError(f"{self.kind} {'has no' if self.field else 'needs'} `field`")
        return self


class ForEach(Strict):
    """One read per {each}: fixed `values`, or the `field` of every record of another stream."""

    values: list[str | int] | None = None
    stream: str | None = None
    field: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.values is None) == (self.stream is None):
            raise ValueError("expected either `values` or `stream`")
        if (self.stream is None) != (self.field is None):
            raise ValueError("`stream` and `field` go together")
        return self


class StreamDescription(EntityMapping):
    """One list of the API, and what its records are.

    `defaults` are sent where {since}, {until}, {cursor} or {last_id} has no value. `compose` makes
    fields of others: name -> "{first} {last}", or a list of which the first complete one counts.
    """

    path: str
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, Any] = Field(default_factory=dict)
    body: Any = None
    defaults: dict[str, str | int] = Field(default_factory=dict)
    records: str
    total: str | None = None
    error: str | None = None
    paginate: Paginate = Paginate()
    cursor: Following = Following()
    deletes: Deletes = Deletes()
    for_each: ForEach | None = None
    compose: dict[str, str | list[str]] = Field(default_factory=dict)
    empty: Literal["ok", "error"] = "ok"

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        wrong = [*self._wrong_path(), *self._wrong_names(), *self._wrong_cursor()]
        if self.body is not None and self.method == "GET":
            wrong.append("`body` needs `method: POST`")
        if self.for_each is not None and self.empty == "error":
            wrong.append("`empty: error` does not go with `for_each`")
        sent = {**self.params, **(self.body if isinstance(self.body, dict) else {})}
        wrong += [
            f"`{name}` looks like a secret: use `auth` and `secrets`"
            for name, value in sent.items()
            if name.lower() in _SECRETS and not names_in(value)
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def names(self) -> set[str]:
        """The placeholders of the request."""
        return names_in([self.path, self.params, self.body])

    def _wrong_path(self) -> list[str]:
        if "://" in self.path or self.path.startswith("//"):
            return ["`path` is below `base_url`; no host in it"]
        missing = names_in(self.path) & {"since", "until", "cursor", "last_id"} - {*self.defaults}
        return [f"{{{name}}} in `path` needs a value in `defaults`" for name in sorted(missing)]

    def _wrong_names(self) -> list[str]:
        names, by = self.names(), self.paginate.by
        wrong = [
            f"there is no {{{name}}} (one of {', '.join(NAMES)}; write {{ {name} }} for a brace)"
            for name in sorted(names - set(NAMES))
        ]
        wrong += [
            f"there is no {{{name}}} to give a default"
            for name in sorted(set(self.defaults) - {"since", "until", "cursor", "last_id"})
        ]
        needed = _NEEDS.get(by)
        if needed and needed not in names:
            wrong.append(f"paginate by {by} needs {{{needed}}} in `params`, `body` or `path`")
        wrong += [
            f"{{{name}}} needs paginate by {_BY[name]}"
            for name in sorted(names & set(_BY) - {needed})
        ]
        if ("limit" in names) != (self.paginate.size is not None):
            wrong.append("{limit} and `paginate.size` go together")
        if ("each" in names) != (self.for_each is not None):
            wrong.append("{each} and `for_each` go together")
        return wrong

    def _wrong_cursor(self) -> list[str]:
        kind, names = self.cursor.kind, self.names()
        if kind in ("updated_since", "created_only"):
            if "since" not in names:
                return [f"cursor {kind} needs {{since}} in `params`, `body` or `path`"]
            return []
        wrong = [
            f"{{{name}}} needs a cursor with times" for name in sorted(names & {"since", "until"})
        ]
        if kind == "append_log_id":
            if self.paginate.by != "last_id" or self.paginate.field != self.cursor.field:
                wrong.append("cursor append_log_id needs paginate by last_id with the same field")
            if self.for_each is not None:
                wrong.append("cursor append_log_id can not be read for each of others")
        return wrong
