"""One suite every connector must pass: proof that the engine's promises hold for it.

Data flow: Vendor (a fake with records that can be changed) -> engine -> loader -> compare.

How to use it for a connector: write a `Vendor` for it, then in a test module

    class TestMine(SourceConformance):
        @pytest.fixture
        def vendor(self, tmp_path):
            with my_vendor(tmp_path / "vendor") as vendor:
                yield vendor

The vendor starts with at least three pages of records in `stream`, and its source should be built
with few attempts (`max_attempts=3`), as the suite lets some requests fail for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.engine import NO_NEW_DATA
from connectors.errors import (
    AuthenticationError,
    ContractError,
    JourneyConnectorError,
    LoopError,
    SourceError,
)
from connectors.landing.columns import raw_columns
from connectors.landing.fields import cursor_column, greater_mark
from connectors.protocol import CheckItem, StreamSpec
from connectors.testing.conformance_tools import Crash, Doubled, Home, Vendor, crash_at, matches
from connectors.testing.faults import RetryAfterForm

__all__ = ["Home", "SourceConformance", "Vendor"]


class SourceConformance:
    """The tests. A subclass gives the `vendor` fixture."""

    @pytest.fixture
    def vendor(self) -> Iterator[Vendor]:
        raise NotImplementedError("give a `vendor` fixture")

    @pytest.fixture
    def home(self, vendor: Vendor, tmp_path: Path) -> Home:
        return Home(tmp_path / "home", vendor)

    def test_declarations_are_sound(self, vendor: Vendor) -> None:
        seen: dict[str, StreamSpec] = {}
        for spec in vendor.source().streams():
            columns = raw_columns(spec)
            assert set(spec.primary_key) <= columns.keys()
            assert spec.version is None or spec.version in spec.columns
            found = cursor_column(spec)
            assert found is None or found[0] in spec.columns, "the cursor is no declared column"
            assert spec.deletes != "flag" or spec.deleted_when
            if spec.parent is not None:
                assert spec.parent in seen, "parents come before children"
                if spec.deletes == "replace_by_parent":
                    assert len(spec.parent_key) == len(seen[spec.parent].primary_key)
                    assert set(spec.parent_key) <= columns.keys()
            assert spec.name not in seen
            seen[spec.name] = spec

    def test_check_answers(self, vendor: Vendor) -> None:
        items = vendor.source().check()
        assert items
        assert all(isinstance(item, CheckItem) for item in items)
        assert all(item.ok for item in items), [item.detail for item in items if not item.ok]

    def test_first_run_reads_everything(self, vendor: Vendor, home: Home) -> None:
        home.sync()
        assert home.current() == vendor.records()

    def test_second_run_changes_nothing(self, home: Home) -> None:
        home.sync()
        before = home.mark()
        receipt = home.sync()
        assert sum(receipt.inserted.values()) == 0
        assert sum(receipt.updated.values()) == 0
        assert sum(receipt.deleted.values()) == 0
        after = home.mark()
        assert before is not None
        assert after is not None
        assert greater_mark(after, before) == after, "the mark went back"

    def test_only_the_difference_is_brought_in(self, vendor: Vendor, home: Home) -> None:
        home.sync()
        changed, new = sorted(vendor.records())[0], vendor.insert()
        vendor.change(changed)
        receipt = home.sync()
        assert home.current() == vendor.records()
        assert receipt.inserted[vendor.stream] == 1
        assert receipt.updated[vendor.stream] == 1
        assert new in home.current()

    def test_crash_at_every_page_then_resume(self, vendor: Vendor, home: Home) -> None:
        total = self._pages(vendor, home)
        assert total >= 3, "the suite needs at least three pages"
        for page in range(1, total + 1):
            fresh = Home(home.raw.parent / f"crash-{page}", vendor)
            start = len(fresh.requests())
            with pytest.raises(Crash):
                fresh.extract(progress=crash_at(page))
            asked = set(fresh.requests()[start:])
            start = len(fresh.requests())
            receipt = fresh.extract()
            fresh.load(receipt)
            assert fresh.current() == vendor.records()
            if "resume" not in vendor.lacks:
                assert receipt.resumed
            if "resume" not in vendor.lacks and "http" not in vendor.lacks:
                again = [r for r in fresh.requests()[start:] if r in asked]
                pages = [r for r in again if matches(vendor, r)]
                assert not pages, "a finished page was fetched again"

    def test_crash_before_the_load(self, vendor: Vendor, home: Home) -> None:
        first = home.extract()
        assert home.mark() is None, "a mark without its rows"
        second = home.extract()
        home.load(first)
        home.load(second)
        assert home.current() == vendor.records()
        again = home.load(first)
        assert again.already_loaded
        assert home.current() == vendor.records()

    def test_duplicate_pages_count_once(self, vendor: Vendor, home: Home) -> None:
        home.sync(Doubled(vendor.source()))
        assert home.current() == vendor.records()

    def test_a_loop_is_an_error(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "http", "loop")
        vendor.faults.on(vendor.page_path).nth(2).every().repeat_previous()
        with pytest.raises(LoopError):
            home.extract()
        vendor.faults.clear()
        home.sync()
        assert home.current() == vendor.records()

    def test_changes_while_paging(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "http")
        keys = sorted(vendor.records())

        def drift() -> None:
            vendor.change(keys[0])
            vendor.change(keys[-1])
            vendor.insert()
            if "delete" not in vendor.lacks:
                vendor.delete(keys[1])

        vendor.faults.on(vendor.page_path).nth(2).drift(drift)
        home.sync()
        vendor.faults.clear()
        home.sync(reconcile="always")
        assert home.current() == vendor.records()

    def test_ties_at_the_cursor(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "tie")
        vendor.tie(sorted(vendor.records()))
        home.sync()
        assert home.current() == vendor.records()
        late = vendor.insert()
        vendor.tie([*sorted(vendor.records())])
        home.sync()
        assert late in home.current()
        assert home.current() == vendor.records()

    def test_too_many_requests(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "http")
        # One form on each of the first three pages.
        forms: dict[int, RetryAfterForm] = {1: "seconds", 3: "http_date", 5: "iso_date"}
        rules = [
            vendor.faults.on(vendor.page_path).nth(nth).rate_limited(retry_after=0.2, form=form)
            for nth, form in forms.items()
        ]
        home.sync()
        assert home.current() == vendor.records()
        assert [rule.hits for rule in rules] == [1, 1, 1]

    def test_error_inside_a_200(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "http", "error_in_200")
        vendor.faults.on(vendor.page_path).nth(2).every().error_body(vendor.error_in_200)
        with pytest.raises(JourneyConnectorError) as caught:
            home.extract()
        self._names_its_place(caught.value, vendor)
        self._recovers(vendor, home)

    def test_half_an_answer_is_asked_again(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "http")
        vendor.faults.on(vendor.page_path).nth(2).truncated()
        home.sync()
        assert home.current() == vendor.records()

    def test_a_web_page_instead_of_data(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "http")
        vendor.faults.on(vendor.page_path).nth(2).every().html()
        with pytest.raises(JourneyConnectorError) as caught:
            home.extract()
        self._names_its_place(caught.value, vendor)
        assert "Maintenance" not in str(caught.value), "a payload in a message"
        self._recovers(vendor, home)

    def test_down_for_good(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "http")
        vendor.faults.on(vendor.page_path).nth(2).every().status(500)
        with pytest.raises(JourneyConnectorError) as caught:
            home.extract()
        self._names_its_place(caught.value, vendor)
        self._recovers(vendor, home)

    def test_credentials_refused(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "http")
        rule = vendor.faults.on(vendor.page_path).every().status(401, {"message": "no"})
        with pytest.raises(AuthenticationError):
            home.extract()
        most = 2 if "fixed_key" in vendor.lacks else 1
        assert rule.hits == most, "a refused key was tried again"

    def test_nothing_there(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "delete")
        if home.spec().deletes == "flag":
            pytest.skip("flagged records stay on the page")
        for key in list(vendor.records()):
            vendor.delete(key)
        if home.spec().empty_first_page == "error":
            with pytest.raises(SourceError, match="empty"):
                home.extract()
            return
        receipt = home.extract()
        assert receipt.skipped_reason == NO_NEW_DATA
        home.load(receipt)
        assert home.current() == {}

    def test_deletes(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "delete")
        home.sync()
        victim = sorted(vendor.records())[1]
        vendor.delete(victim)
        receipt = home.sync(reconcile="always")
        assert receipt.deleted[vendor.stream] == 1
        assert home.current() == vendor.records()
        assert victim not in home.current()
        history = home.query(f"select count(*) from {home.table()} where _known_to is not null")
        assert history[0][0] >= 1, "the deleted row's history is gone"

    def test_a_bad_value_is_quarantined(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "spoil")
        victim = sorted(vendor.records())[0]
        vendor.spoil(victim)
        receipt = home.sync()
        assert receipt.quarantined[vendor.stream] == 1
        wanted = {key: value for key, value in vendor.records().items() if key != victim}
        assert home.current() == wanted
        rows = home.query("select reason, record from _journey.quarantine")
        assert len(rows) == 1
        assert rows[0][0]
        assert rows[0][1] is not None

    def test_too_many_bad_values_change_nothing(self, vendor: Vendor, home: Home) -> None:
        self._needs(vendor, "spoil")
        home.sync()
        before, mark = home.current(), home.mark()
        for key in sorted(vendor.records()):
            vendor.spoil(key)
        receipt = home.extract()
        with pytest.raises(ContractError) as caught:
            home.load(receipt)
        self._names_its_place(caught.value, vendor)
        assert home.current() == before
        assert home.mark() == mark

    def _pages(self, vendor: Vendor, home: Home) -> int:
        counted = Home(home.raw.parent / "count", vendor)
        pages: list[int] = []
        counted.extract(progress=lambda _source, _stream, rows: pages.append(rows))
        return len(pages)

    def _recovers(self, vendor: Vendor, home: Home) -> None:
        assert home.mark() is None
        vendor.faults.clear()
        home.sync()
        assert home.current() == vendor.records()

    def _names_its_place(self, error: JourneyConnectorError, vendor: Vendor) -> None:
        assert error.source == vendor.source().name
        assert error.stream == vendor.stream
        assert vendor.stream in str(error)

    def _needs(self, vendor: Vendor, *features: str) -> None:
        lacking = [feature for feature in features if feature in vendor.lacks]
        if lacking:
            pytest.skip(f"does not apply: {', '.join(lacking)}")
