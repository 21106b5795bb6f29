"""The sandbox's vendor records: promised keys, growing ids, rebuildable terms, valid phones."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import phonenumbers
import pyarrow.parquet as pq
import pytest

from connectors.testing.store import RecordStore
from sandbox.world import WorldSummary, generate

PEOPLE = 700
TODAY = date(2026, 6, 30)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> WorldSummary:
    return generate(tmp_path_factory.mktemp("world"), people=PEOPLE, today=TODAY)


def bodies(folder: Path, vendor: str, entity: str) -> list[dict[str, Any]]:
    store = RecordStore(folder / "sandbox.sqlite")
    found = [record.body for record in store.query(vendor, entity)]
    store.close()
    return found


def truth(folder: Path, name: str) -> list[dict[str, Any]]:
    return pq.read_table(folder / "truth" / f"{name}.parquet").to_pylist()


CONTACT = """id contact_type external_identifier first_name last_name organization_name
household_name birth_date is_deceased deceased_date do_not_email do_not_mail do_not_phone
is_opt_out preferred_communication_method is_deleted employer_id created_date modified_date
email_primary.email email_primary.on_hold phone_primary.phone address_primary.street_address
address_primary.postal_code address_primary.city Consent.email_membership
Consent.email_membership_at Consent.email_marketing Consent.email_marketing_at Consent.evidence
Service.hold"""
KEYS = {
    "civicrm Contact": CONTACT,
    "civicrm MembershipType": """id name title minimum_fee duration_unit duration_interval
        period_type fixed_period_start_day is_active""",
    "civicrm Membership": """id contact_id membership_type_id join_date start_date end_date
        status_id:name is_override is_test contribution_recur_id source owner_membership_id""",
    "civicrm MembershipLog": """id membership_id status_id:name membership_type_id start_date
        end_date modified_id modified_date""",
    "civicrm Case": """id case_type_id:name start_date end_date status_id:name created_date
        modified_date is_deleted""",
    "civicrm CaseContact": "id case_id contact_id",
    "civicrm Activity": """id activity_type_id:name activity_date_time status_id:name created_date
        modified_date is_deleted is_test source_contact_id target_contact_id case_id subject""",
    "pretix event": """slug name live testmode currency date_from date_to location is_public
        has_subevents meta_data""",
    "pretix order": """code event status testmode email phone locale datetime expires total customer
        last_modified cancellation_date positions payments refunds""",
    "pretix checkin": """id event position list datetime created type successful error_reason""",
    "stripe customer": "id name email phone created metadata deleted",
    "stripe invoice": """id customer number status currency total amount_paid amount_remaining
        created due_date status_transitions metadata billing_reason lines""",
    "stripe charge": """id customer invoice payment_intent amount amount_refunded currency created
        status paid refunded disputed failure_code""",
    "stripe refund": "id charge amount currency created status reason",
    "stripe dispute": "id charge amount currency created status reason",
    "stripe event": "id type created data",
    "mailchimp member": """id email_address unique_email_id contact_id full_name status merge_fields
        timestamp_signup timestamp_opt last_changed unsubscribe_reason tags tags_count list_id""",
    "mailchimp sent_to": "campaign_id email_id email_address status open_count last_open",
    "mailchimp email_activity": "campaign_id email_id email_address activity",
}


@pytest.mark.parametrize("name", KEYS)
def test_vendor_records_have_exactly_the_promised_keys(world: WorldSummary, name: str) -> None:
    vendor, entity = name.split()
    found = bodies(world.path, vendor, entity)
    assert found
    assert {frozenset(body) for body in found} == {frozenset(KEYS[name].split())}


def test_log_ids_grow_with_the_days(world: WorldSummary) -> None:
    rows = bodies(world.path, "civicrm", "MembershipLog")
    days = [row["modified_date"] for row in sorted(rows, key=lambda row: int(row["id"]))]
    assert days == sorted(days)
    assert days[-1] == TODAY.isoformat() or days[-1] > "2026-06-20"


def test_terms_can_be_rebuilt_from_the_log(world: WorldSummary) -> None:
    """Each end date a commitment introduced, with that line's day: exactly the true terms."""
    rows = sorted(bodies(world.path, "civicrm", "MembershipLog"), key=lambda row: int(row["id"]))
    tests = {m["id"] for m in bodies(world.path, "civicrm", "Membership") if m["is_test"]}
    by_membership = defaultdict(list)
    for row in rows:
        if row["membership_id"] not in tests:
            by_membership[row["membership_id"]].append(row)
    found = []
    for log in by_membership.values():
        ends: list[tuple[str | None, str]] = []
        previous = None
        for row in log:
            if row["status_id:name"] in ("New", "Current") and row["start_date"]:
                if previous and previous["status_id:name"] == "Paused":
                    ends[-1] = (row["end_date"], ends[-1][1])
                elif row["end_date"] not in [end for end, _ in ends[-1:]]:
                    ends.append((row["end_date"], row["modified_date"]))
            previous = row
        found += ends
    true = [
        (str(row["end_date"]) if row["end_date"] else None, str(row["committed_date"]))
        for row in truth(world.path, "terms")
    ]
    assert Counter(found) == Counter(true)


def test_a_refund_leaves_last_modified_alone(world: WorldSummary) -> None:
    refunded = [row for row in bodies(world.path, "pretix", "order") if row["refunds"]]
    assert refunded
    assert all(row["last_modified"] < row["refunds"][0]["created"] for row in refunded)


def test_card_money_of_the_ticket_shop_is_in_stripe_too(world: WorldSummary) -> None:
    """What pretix says Stripe took has its charge; money taken at the door has none."""
    orders = bodies(world.path, "pretix", "order")
    shop: dict[str, Counter[int]] = {}
    for kind in ("payments", "refunds"):
        by_card = [p for order in orders for p in order[kind] if p["provider"] == "stripe"]
        shop[kind] = Counter(round(float(p["amount"]) * 100) for p in by_card)
    invoices = {row["id"]: row for row in bodies(world.path, "stripe", "invoice")}
    charges = {
        row["id"]: row
        for row in bodies(world.path, "stripe", "charge")
        if invoices[row["invoice"]]["metadata"]["purpose"] == "event"
    }
    assert shop["payments"]
    assert Counter(row["amount"] for row in charges.values()) == shop["payments"]
    refunds = [r for r in bodies(world.path, "stripe", "refund") if r["charge"] in charges]
    assert Counter(row["amount"] for row in refunds) == shop["refunds"]
    providers = {payment["provider"] for order in orders for payment in order["payments"]}
    assert providers == {"stripe", "banktransfer", "boxoffice"}


def test_phones_are_valid_and_addresses_reserved(world: WorldSummary) -> None:
    contacts = bodies(world.path, "civicrm", "Contact")
    phones = [row["phone_primary.phone"] for row in contacts if row["phone_primary.phone"]]
    assert len(phones) > PEOPLE / 2
    for phone in phones:
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone, "DE")), phone
    for row in contacts:
        domain = (row["email_primary.email"] or "@example.org").partition("@")[2]
        assert domain.split(".")[-2] == "example"
