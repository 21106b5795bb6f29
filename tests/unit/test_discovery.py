"""Discovery: which keys records have and who reads them, never what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from connectors.discovery import FoundField, discover, offers
from connectors.errors import SourceError
from connectors.protocol import CheckItem, Column, Cursor, Offer, Page, Request, StreamSpec

PERSON = StreamSpec(
    name="person",
    primary_key=("id",),
    columns={
        "id": Column("integer"),
        "city": Column("string", path="address.city"),
        "tags": Column("json"),
        "ended": Column("date"),
    },
    cursor=Cursor("full"),
)
ROLE = StreamSpec(
    name="role",
    primary_key=("id",),
    columns={"id": Column("integer")},
    cursor=Cursor("full"),
    parent="person",
)
BORN = "1990-01-02"
RECORDS: list[dict[str, Any]] = [
    {"id": 1, "address": {"city": "Ulm", "code": "89073"}, "tags": {"a": 1}, "vip": None},
    {
        "id": 2,
        "address": {"city": None, "code": 89073},
        "tags": {},
        "vip": True,
        "born": "1990-01-02",
    },
]


class Few:
    name = "few"
    closed = False

    def __init__(self, *pages: Page) -> None:
        self._pages = pages

    def streams(self) -> Sequence[StreamSpec]:
        return [PERSON, ROLE]

    def check(self) -> Sequence[CheckItem]:
        return []

    def pages(self, request: Request) -> Iterator[Page]:
        assert request.full
        yield from self._pages
        raise AssertionError("read further than the first page with rows")

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        return iter(())


def test_fields_types_and_who_reads_them() -> None:
    first, roles = discover(Few(Page(rows={"person": RECORDS, "role": [{"id": 7}]})), "person")
    assert (first.records, roles.records) == (2, 1)
    assert set(first.fields) == {
        FoundField("person", "id", "integer", "id"),
        FoundField("person", "address.city", "string", "city"),
        FoundField("person", "address.code", "mixed", ""),
        FoundField("person", "tags", "object", "tags"),
        FoundField("person", "tags.a", "integer", "tags"),
        FoundField("person", "vip", "boolean", ""),
        FoundField("person", "born", "date", ""),
    }
    assert first.unseen == ("ended",)
    assert "Ulm" not in repr(first)
    assert "89073" not in repr(first)


def test_an_empty_first_page_is_passed_over() -> None:
    pages = (Page(rows={"person": []}), Page(rows={"person": RECORDS}))
    assert discover(Few(*pages), "person")[0].records == 2


def test_a_child_is_not_read_on_its_own() -> None:
    with pytest.raises(SourceError, match="together with"):
        discover(Few(), "role")


def test_only_a_source_that_can_tell_offers_more() -> None:
    class Telling(Few):
        def offers(self) -> Sequence[Offer]:
            return [Offer("invoices", "a table of 3 rows")]

    assert offers(Few()) == []
    assert offers(Telling()) == [Offer("invoices", "a table of 3 rows")]
