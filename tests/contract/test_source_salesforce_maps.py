"""Maps: what is shipped fits the objects, settings change it, and nonsense is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from org import Org
from pydantic import ValidationError

from connectors.registry import all_specs
from connectors.sources.salesforce.mapping import MapName, shipped
from connectors.sources.salesforce.settings import SalesforceSettings
from connectors.sources.salesforce.streams import STREAMS

GOOD: dict[str, Any] = {
    "base_url": "https://example.my.salesforce.com",
    "client_id": "app",
    "client_secret": "k-1234",
    "map": "npsp",
}
SHIPPED: tuple[MapName, ...] = ("npsp", "fonteva", "nimble")
# Times of which these orgs keep the day only, or the other way round.
TWINS = {"starts_on", "ends_on", "registered_at", "paid_at"}


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    org = Org(tmp_path)
    yield org
    org.close()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_field_of_a_shipped_map_is_in_its_org(org: Org, name: MapName) -> None:
    source = org.source(map=name)
    assert all(item.ok for item in source.check())
    for stream, mapped in shipped(name).items():
        plan = source._plan(stream)
        assert not plan.missing, (stream, plan.missing)
        filled = plan.columns.keys() | plan.constants.keys()
        assert mapped.fields.keys() - filled <= TWINS, stream


@pytest.mark.parametrize("name", SHIPPED)
def test_streams_are_named_and_shaped_alike_whatever_the_map(org: Org, name: MapName) -> None:
    known = {spec.name: list(spec.columns) for spec in all_specs()["salesforce"]}
    for spec in org.source(map=name).streams():
        assert list(spec.columns) == known[spec.name]
    assert {"contact", "membership_term", "event", "payment"} <= shipped(name).keys()


def test_what_two_maps_read_of_two_orgs_lands_alike(org: Org) -> None:
    org.put("Contact", "c1", FirstName="Anna", Email="anna@example.org")
    person = {"IsPersonAccount": True, "FirstName": "Ben", "PersonEmail": "ben@example.org"}
    org.put("Account", "a1", **person)
    org.put("Account", "a2", IsPersonAccount=False, FirstName="Company")
    columns = ["id", "first_name", "email_key"]
    npsp = org.source()
    org.lake.pull(npsp, "contact")
    assert org.lake.rows(npsp, "contact", columns) == [
        {"id": "c1", "first_name": "Anna", "email_key": "anna@example.org"}
    ]
    nimble = org.again({**org.settings, "map": "nimble"})
    org.lake.pull(nimble, "contact", full=True, reconcile="always")
    assert org.lake.rows(nimble, "contact", columns) == [
        {"id": "a1", "first_name": "Ben", "email_key": "ben@example.org"}
    ]


def test_the_first_field_that_says_something_counts(org: Org) -> None:
    dates = {"NU__StartDate__c": "2026-01-01", "NU__EndDate__c": "2026-12-31"}
    org.put("NU__Membership__c", "m1", **dates, NU__Account__c="old", NU__Account2__c="new")
    org.put("NU__Membership__c", "m2", **dates, NU__EndDateOverride__c="2027-01-31")
    source = org.source(map="nimble")
    org.lake.pull(source, "membership_term")
    rows = org.lake.rows(source, "membership_term", ["contact_id", "end_date"])
    assert [(row["contact_id"], str(row["end_date"])) for row in rows] == [
        ("new", "2026-12-31"),
        (None, "2027-01-31"),
    ]


def test_a_day_and_a_moment_fill_the_column_of_their_type(org: Org) -> None:
    org.put("NU__Event__c", "e1", NU__StartDate__c="2026-09-01T17:00:00.000+0000")
    source = org.source(map="nimble")
    org.lake.pull(source, "event")
    (row,) = org.lake.rows(source, "event", ["starts_on", "starts_at"])
    assert row["starts_on"] is None
    assert row["starts_at"].isoformat() == "2026-09-01T17:00:00"


def test_settings_change_a_column_drop_a_stream_and_add_one(org: Org) -> None:
    org.put("Contact", "c1", Member_Number__c="M 7", LastName="Example")
    org.put("Volunteer_Shift__c", "v1", Name="Shift")
    source = org.source(
        mapping={
            "contact": {"fields": {"member_number": "Member_Number__c"}},
            "case": None,
            "plan": {"object": "Volunteer_Shift__c", "fields": {"code": "Name"}},
        }
    )
    names = [spec.name for spec in source.streams()]
    assert "case" not in names
    assert "plan" in names
    org.lake.pull(source, "contact", "plan")
    assert org.lake.rows(source, "contact", ["member_number", "last_name"]) == [
        {"member_number": "M 7", "last_name": "Example"}
    ]
    assert org.lake.rows(source, "plan", ["code"]) == [{"code": "Shift"}]


def test_the_condition_of_a_map_is_in_every_query(org: Org) -> None:
    org.put("Campaign", "e1", Type="Webinar", Name="Talk")
    org.put("Campaign", "e2", Type="Advertisement", Name="Flyer")
    source = org.source()
    org.lake.pull(source, "event", reconcile="always")
    assert [row["name"] for row in org.lake.rows(source, "event", ["name"])] == ["Talk"]
    counts, ids = org.asked("/query")
    assert "WHERE (Type IN (" in counts
    assert "WHERE (Type IN (" in ids


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"map": "civi"}, "map"),
        ({"map": "own"}, "at least one stream"),
        ({"mapping": {"people": None}}, "there is no stream 'people'"),
        ({"mapping": {"contact": {"fields": {"shoe_size": "Size__c"}}}}, "shoe_size"),
        ({"mapping": {"plan": {"fields": {"code": "Name"}}}}, "expected an `object`"),
        ({"mapping": {"contact": {"object": "Contact; DELETE"}}}, "object"),
        ({"mapping": {"contact": {"fields": {"email": "Email FROM User"}}}}, "field name"),
        ({"mapping": {"contact": {"where": "A = 1\nLIMIT 1"}}}, "one line"),
        ({"mapping": {"contact": {"colour": "red"}}}, "colour"),
        ({"api_version": "v66"}, "api_version"),
        ({"base_url": "http://example.org"}, "https"),
    ],
)
def test_nonsense_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SalesforceSettings.model_validate({**GOOD, **changed})
    assert said in str(caught.value)
    assert "k-1234" not in str(caught.value)


def test_no_map_reads_free_text_or_card_data() -> None:
    words = ("description", "subject", "comment", "note", "cardnumber", "securitycode")
    for name in SHIPPED:
        for mapped in shipped(name).values():
            text = mapped.model_dump_json().lower()
            assert not [word for word in words if word in text]
    assert not any("subject" in spec.columns for spec in STREAMS)
