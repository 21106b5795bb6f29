"""Writes lives as CiviCRM contacts, cases and activities (APIv4 record shapes).

Data flow: Life, now -> Record("civicrm", Contact | Case | CaseContact | Activity).
Memberships and their log are in civicrm_membership.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from connectors.testing.store import Record
from sandbox.civicrm_membership import membership_records
from sandbox.distortions import Duplicate
from sandbox.life import Life
from sandbox.names import CITIES, ORGANISATION_FORMS, ORGANISATIONS
from sandbox.people import plain
from sandbox.scale import Scale, at_local, civi_stamp, local_day

PHONE_FORMS = ("+49 {0} {1}", "0{0}{1}", "0049 {0} {1}", "+49{0}{1}")
EMPTY_CONTACT: dict[str, Any] = {
    "id": None,
    "contact_type": "Individual",
    "external_identifier": None,
    "first_name": None,
    "last_name": None,
    "organization_name": None,
    "household_name": None,
    "birth_date": None,
    "is_deceased": False,
    "deceased_date": None,
    "do_not_email": False,
    "do_not_mail": False,
    "do_not_phone": False,
    "is_opt_out": False,
    "preferred_communication_method": [],
    "is_deleted": False,
    "employer_id": None,
    "created_date": None,
    "modified_date": None,
    "email_primary.email": None,
    "email_primary.on_hold": 0,
    "phone_primary.phone": None,
    "address_primary.street_address": None,
    "address_primary.postal_code": None,
    "address_primary.city": None,
    "Consent.email_membership": None,
    "Consent.email_membership_at": None,
    "Consent.email_marketing": None,
    "Consent.email_marketing_at": None,
    "Consent.evidence": None,
    "Service.hold": None,
}


def record(entity: str, body: dict[str, Any], created: datetime, updated: datetime) -> Record:
    """A store record; CiviCRM's natural order is the id."""
    moments = (created.timestamp(), updated.timestamp())
    return Record("civicrm", entity, str(body["id"]), body, int(body["id"]), *moments)


def civicrm_records(life: Life, now: datetime) -> Iterator[Record]:
    """Everything CiviCRM knows of this person at `now`."""
    created = life.traits.contact_created
    if created is None or created > now:
        return
    yield _contact(life, created, now)
    duplicate = life.traits.duplicate
    if duplicate and duplicate.created <= now:
        yield _duplicate(life, duplicate, now)
    yield from membership_records(life, now, record)
    yield from _cases(life, now)
    yield from _activities(life, now)


def _contact(life: Life, created: datetime, now: datetime) -> Record:
    who, story, traits = life.person, life.story, life.traits
    changed = [created]

    def since(moment: datetime | None) -> bool:
        if moment is not None and moment <= now:
            changed.append(moment)
            return True
        return False

    body = dict(EMPTY_CONTACT)
    body |= {"id": who.contact_id, "first_name": who.first, "last_name": who.last}
    if since(at_local(story.terms[0].committed, 12) if story.terms else None):
        body["external_identifier"] = who.member_number
    if traits.renamed and since(traits.renamed[0]):
        body["last_name"] = traits.renamed[1]
    body["birth_date"] = who.birth.isoformat() if traits.has_birth else None
    if since(at_local(story.death_known, 10) if story.death_known else None):
        body["is_deceased"] = True
        body["deceased_date"] = story.died.isoformat() if story.died else None
    body["do_not_email"] = since(traits.do_not_email)
    body["do_not_mail"] = who.index % 50 == 9
    body["is_opt_out"] = since(traits.opted_out)
    body["email_primary.email"] = who.email if traits.has_email else None
    if traits.new_email and since(traits.new_email[0]):
        body["email_primary.email"] = traits.new_email[1]
    if body["email_primary.email"] and traits.on_hold and since(traits.on_hold[0]):
        body["email_primary.on_hold"] = traits.on_hold[1]
    if traits.has_phone and who.phone:
        body["phone_primary.phone"] = written_phone(who.phone, who.index)
    street, city = who.street, who.city
    if traits.moved and since(traits.moved[0]):
        street, city = traits.moved[1:]
    body["address_primary.street_address"] = street
    body["address_primary.city"] = city
    body["address_primary.postal_code"] = CITIES[city]
    for name, consent in (("membership", traits.membership), ("marketing", traits.marketing)):
        since(consent.granted)
        since(consent.withdrawn)
        status, at = consent.status(now)
        if status and at:
            body[f"Consent.email_{name}"] = status
            body[f"Consent.email_{name}_at"] = civi_stamp(at)
            body["Consent.evidence"] = "signed form" if who.index % 3 else "web form"
    if traits.hold and since(traits.hold[0]):
        body["Service.hold"] = None if since(traits.hold[1]) else traits.hold[2]
    if who.index % 6 == 0:
        body["employer_id"] = organisation_id(life.scale, who.index % organisations(life.scale))
    body["created_date"], body["modified_date"] = civi_stamp(created), civi_stamp(max(changed))
    return record("Contact", body, created, max(changed))


def _duplicate(life: Life, twin: Duplicate, now: datetime) -> Record:
    merged = twin.merged is not None and twin.merged <= now
    changed = twin.merged if twin.merged and merged else twin.created
    body = dict(EMPTY_CONTACT)
    body |= {
        "id": life.person.contact_id + 1,
        "first_name": twin.first,
        "last_name": twin.last,
        "birth_date": twin.birth.isoformat() if twin.birth else None,
        "is_deleted": merged,
        "email_primary.email": twin.email,
        "phone_primary.phone": written_phone(twin.phone, life.person.index + 1),
        "created_date": civi_stamp(twin.created),
        "modified_date": civi_stamp(changed),
    }
    return record("Contact", body, twin.created, changed)


def written_phone(e164: str | None, index: int) -> str | None:
    """One number as different people write it; all are valid for Germany."""
    return PHONE_FORMS[index % 4].format(e164[3:7], e164[7:]) if e164 else None


def _cases(life: Life, now: datetime) -> Iterator[Record]:
    for number, matter in enumerate(life.service.matters):
        if matter.opened > now:
            continue
        changes = [moment for moment in matter.changes if moment <= now]
        changed = changes[-1] if changes else matter.opened
        is_resolved = len(changes) % 2 == 1
        opened = local_day(matter.opened)
        key = life.scale.ordinal(opened, life.person.index, number % 8)
        case = {
            "id": key,
            "case_type_id:name": matter.kind,
            "start_date": opened.isoformat(),
            "end_date": local_day(changed).isoformat() if is_resolved else None,
            "status_id:name": "Resolved" if is_resolved else "Open",
            "created_date": civi_stamp(matter.opened),
            "modified_date": civi_stamp(changed),
            "is_deleted": False,
        }
        yield record("Case", case, matter.opened, changed)
        contact = life.holder(matter.opened, now)
        link = {"id": key, "case_id": key, "contact_id": contact}
        yield record("CaseContact", link, matter.opened, matter.opened)


def _activities(life: Life, now: datetime) -> Iterator[Record]:
    """Calls and the like, and the two status activities CiviCRM files for every case."""
    rows: list[tuple[datetime, str, str | None, int | None, bool, datetime | None]] = [
        (one.at, one.kind, None, None, one.is_test, one.deleted) for one in life.service.actions
    ]
    for number, matter in enumerate(life.service.matters):
        case = life.scale.ordinal(local_day(matter.opened), life.person.index, number % 8)
        rows.append((matter.opened, "Open Case", None, case, False, None))
        for step, moment in enumerate(matter.changes):
            turn = ("Open", "Resolved") if step % 2 == 0 else ("Resolved", "Open")
            change = f"Case status changed from {turn[0]} to {turn[1]}"
            rows.append((moment, "Change Case Status", change, case, False, None))
    rows.sort(key=lambda row: (row[0], row[1]))
    slots: dict[date, int] = {}
    for at, kind, subject, case_id, is_test, deleted in rows:
        day = local_day(at)
        slots[day] = slots.get(day, -1) + 1
        if at > now:
            break
        contact = life.holder(at, now)
        is_deleted = deleted is not None and deleted <= now
        changed = deleted if deleted and is_deleted else at
        body = {
            "id": life.scale.ordinal(day, life.person.index, slots[day]),
            "activity_type_id:name": kind,
            "activity_date_time": civi_stamp(at),
            "status_id:name": "Completed",
            "created_date": civi_stamp(at),
            "modified_date": civi_stamp(changed),
            "is_deleted": is_deleted,
            "is_test": is_test,
            "source_contact_id": 2,
            "target_contact_id": contact,
            "case_id": case_id,
            "subject": subject or kind,
        }
        yield record("Activity", body, at, changed)


def organisations(scale: Scale) -> int:
    return max(scale.people // 30, 3)


def organisation_id(scale: Scale, number: int) -> int:
    return 2000 + 2 * scale.cap + number


def organisation_records(scale: Scale, now: datetime) -> Iterator[Record]:
    """Employers, and every fifth a household: contacts that are no persons and no members."""
    for number in range(organisations(scale)):
        created = at_local(scale.start, 9) + timedelta(days=number % 1500)
        if created > now:
            continue
        name = f"{ORGANISATIONS[number % 6]} {ORGANISATION_FORMS[number // 6 % 4]} {number}"
        body = dict(EMPTY_CONTACT)
        body |= {
            "id": organisation_id(scale, number),
            "contact_type": "Household" if number % 5 == 4 else "Organization",
            "email_primary.email": f"info@{plain(name)}.example.com",
            "created_date": civi_stamp(created),
            "modified_date": civi_stamp(created),
        }
        body["household_name" if number % 5 == 4 else "organization_name"] = name
        yield record("Contact", body, created, created)
