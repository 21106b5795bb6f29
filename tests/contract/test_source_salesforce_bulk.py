"""Bulk query jobs: when they are used, and what happens when they are interrupted or fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from org import Org

from connectors.errors import RetryableError, ShortReadError, SourceError
from connectors.sources.salesforce.source import SalesforceSource
from connectors.testing.conformance_tools import Crash, crash_at
from connectors.testing.faults import Faults


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    org = Org(tmp_path)
    org.contacts(7)
    yield org
    org.close()


BULK = {"bulk_from_rows": 7, "bulk_page_size": 3}


def test_a_large_first_read_is_one_job_and_changes_are_queries(org: Org) -> None:
    source = org.source(**BULK)
    receipt, _ = org.lake.pull(source, "contact")["contact"]
    assert receipt.rows["contact"] == 7
    assert org.paths().count("jobs/query") == 1
    assert not org.asked()
    body = next(r.json() for r in org.server.requests if r.path.endswith("/jobs/query"))
    assert body["operation"] == "queryAll"
    assert "ORDER BY" not in body["query"]  # the server would not split it up
    org.lake.pull(source, "contact")
    assert org.paths().count("jobs/query") == 1
    assert "SystemModstamp >= 2026-06-01T10:06:50.000Z" in org.asked()[0]
    assert org.lake.rows(source, "contact", ["modified_at"])[0]["modified_at"].hour == 10


def test_a_small_first_read_is_no_job(org: Org) -> None:
    org.lake.pull(org.source(bulk_from_rows=8), "contact")
    assert "jobs/query" not in org.paths()


def test_text_of_a_job_survives_quotes_commas_and_lines(org: Org) -> None:
    name = 'van "Beispiel", Jr.\nZeile 2'
    org.put("Contact", "c008", LastName=name, MailingStreet="")
    source = org.source(**BULK)
    org.lake.pull(source, "contact")
    last = org.lake.rows(source, "contact", ["last_name", "street"])[-1]
    assert last == {"last_name": name, "street": None}


@pytest.mark.parametrize("page", [1, 2])
def test_a_crash_goes_on_with_the_same_job(org: Org, page: int) -> None:
    """After page 1 only the job's number is landed, after page 2 also its first part."""
    with pytest.raises(Crash):
        org.lake.extract(org.source(**BULK), "contact", progress=crash_at(page))
    later = org.again(org.settings)
    receipt, _ = org.lake.pull(later, "contact")["contact"]
    assert receipt.resumed
    assert org.paths().count("jobs/query") == 1
    firsts = [r for r in org.server.requests if "results" in r.path and not r.param("locator")]
    assert len(firsts) == 1
    assert len(org.lake.rows(later, "contact")) == 7


def test_a_forgotten_job_is_begun_anew(org: Org) -> None:
    with pytest.raises(Crash):
        org.lake.extract(org.source(**BULK), "contact", progress=crash_at(2))
    org.fake.jobs.forget()
    later = org.again(org.settings)
    receipt, _ = org.lake.pull(later, "contact")["contact"]
    assert receipt.rows["contact"] == 7
    assert org.paths().count("jobs/query") == 2


def test_a_job_that_takes_too_long_is_waited_for_by_the_next_run(org: Org) -> None:
    source = org.source({"polls": 10}, job_minutes=0.0005, **BULK)
    with pytest.raises(RetryableError, match="same job"):
        org.lake.extract(source, "contact")
    patient = org.again({**org.settings, "job_minutes": 1})
    receipt, _ = org.lake.pull(patient, "contact")["contact"]
    assert receipt.resumed
    assert org.paths().count("jobs/query") == 1


def test_a_failed_job_is_an_error_that_says_where_to_look(org: Org) -> None:
    faults = Faults()
    source = org.source({"polls": 2}, faults, **BULK)
    faults.on(r"/jobs/query/750").drift(lambda: org.fake.jobs.fail())
    with pytest.raises(SourceError, match="ended as Failed") as caught:
        org.lake.extract(source, "contact")
    assert "Bulk Data Load Jobs" in str(caught.value)


def test_an_org_without_bulk_is_read_page_by_page(org: Org) -> None:
    receipt, _ = org.lake.pull(org.source({"bulk": False}, **BULK), "contact")["contact"]
    assert receipt.rows["contact"] == 7
    assert len(org.asked()) == 3


def part_of(source: SalesforceSource, announced: int) -> tuple[str, dict[str, str]]:
    """A result of one record, under a head that announces so many."""
    columns = source._plan("contact").select
    text = ",".join(columns) + "\nc001" + "," * (len(columns) - 1) + "\n"
    told = {"Sforce-NumberOfRecords": str(announced), "Sforce-Locator": "null"}
    return text, {"Content-Type": "text/csv", **told}


def test_a_part_with_fewer_records_than_announced_is_not_taken(org: Org) -> None:
    faults = Faults()
    source = org.source(None, faults, **BULK)
    text, head = part_of(source, 3)
    faults.on(r"/results").every().status(200, text, head)
    with pytest.raises(RetryableError, match="3 records were announced"):
        org.lake.extract(source, "contact")
    faults.clear()
    assert org.lake.pull(source, "contact")["contact"][0].rows["contact"] == 7


def test_results_that_stop_before_the_jobs_own_count_are_thrown_away(org: Org) -> None:
    faults = Faults()
    source = org.source(None, faults, **BULK)
    faults.on(r"/results").every().status(200, *part_of(source, 1))
    with pytest.raises(ShortReadError, match="counts 7"):
        org.lake.extract(source, "contact")
    assert org.lake.landing.unfinished("crm", "contact") is None
