"""The streams of a CiviCRM source: what is read, its types, its cursor and how deletes show.

Data flow: CiviCRM APIv4 entity -> StreamSpec (here) -> source.py -> landing -> raw `civicrm.*`.

Facts (civicrm-core unless said otherwise):
- Contact, Case and Activity have `modified_date`; Membership has no created or modified date, so it
  is read in full and compared by row hash (schema/Member/Membership.entityType.php).
- MembershipLog is append-only with an auto-increment id; its `modified_date` is a DATE
  (pull request 28220 made it an APIv4 entity).
- A merge trashes the losing contact and moves its rows with plain SQL, without touching the moved
  rows' `modified_date`: source.py re-reads those (see README.md).
- The trash is a flag (`is_deleted`); a permanent delete leaves no trace. Both are followed: the
  flag at once, the missing ids whenever keys are compared.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.protocol import Cursor, StreamSpec
from connectors.sources.civicrm.columns import MODIFIED, columns, named
from connectors.sources.civicrm.components import OPTIONAL

ENTITIES: Mapping[str, str] = {
    "contact": "Contact",
    "membership_type": "MembershipType",
    "membership": "Membership",
    "membership_log": "MembershipLog",
    "case": "Case",
    "case_contact": "CaseContact",
    "activity": "Activity",
    "event": "Event",
    "participant": "Participant",
    "contribution": "Contribution",
    "contribution_recur": "ContributionRecur",
    "relationship": "Relationship",
}


CONTACT = StreamSpec(
    name="contact",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            contact_type="string",
            external_identifier="string",
            first_name="string",
            last_name="string",
            organization_name="string",
            household_name="string",
            birth_date="date",
            is_deceased="boolean",
            deceased_date="date",
            do_not_email="boolean",
            do_not_mail="boolean",
            do_not_phone="boolean",
            is_opt_out="boolean",
            preferred_communication_method="json",
            is_deleted="boolean",
            employer_id="integer",
            created_date="timestamp",
            modified_date="timestamp",
        ),
        **named(
            ("email_primary.email", "email"),
            ("email_primary.on_hold", "integer"),
            ("phone_primary.phone", "phone"),
            ("address_primary.street_address", "string"),
            ("address_primary.postal_code", "string"),
            ("address_primary.city", "string"),
            ("Consent.email_membership", "string"),
            ("Consent.email_membership_at", "timestamp"),
            ("Consent.email_marketing", "string"),
            ("Consent.email_marketing_at", "timestamp"),
            ("Consent.evidence", "string"),
            ("Service.hold", "string"),
        ),
    },
    cursor=MODIFIED,
    deletes="id_reconcile",
    deleted_when="is_deleted",
    version="modified_date",
    description="People, organisations and households, those in the trash included.",
)

MEMBERSHIP_TYPE = StreamSpec(
    name="membership_type",
    primary_key=("id",),
    columns=columns(
        id="integer",
        name="string",
        title="string",
        minimum_fee="money",
        duration_unit="string",
        duration_interval="integer",
        period_type="string",
        fixed_period_start_day="string",
        is_active="boolean",
    ),
    cursor=Cursor("full"),
    deletes="id_reconcile",
    description="Membership plans; `minimum_fee` in major units of the site's currency.",
)

MEMBERSHIP = StreamSpec(
    name="membership",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            contact_id="integer",
            membership_type_id="integer",
            join_date="date",
            start_date="date",
            end_date="date",
            is_override="boolean",
            is_test="boolean",
            contribution_recur_id="integer",
            source="string",
            owner_membership_id="integer",
        ),
        **named(("status_id:name", "string")),
    },
    cursor=Cursor("full"),
    deletes="id_reconcile",
    description="Memberships as they stand now (overwritten at renewal); test ones are flagged.",
)

MEMBERSHIP_LOG = StreamSpec(
    name="membership_log",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            membership_id="integer",
            membership_type_id="integer",
            start_date="date",
            end_date="date",
            modified_id="integer",
            modified_date="date",
        ),
        **named(("status_id:name", "string")),
    },
    cursor=Cursor("append_log_id", "id"),
    deletes="id_reconcile",
    description="One row per change of a membership: the history of terms, renewals and pauses.",
)

CASE = StreamSpec(
    name="case",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            start_date="date",
            end_date="date",
            created_date="timestamp",
            modified_date="timestamp",
            is_deleted="boolean",
        ),
        **named(("case_type_id:name", "string"), ("status_id:name", "string")),
    },
    cursor=MODIFIED,
    deletes="id_reconcile",
    deleted_when="is_deleted",
    version="modified_date",
    unknown="dropped",
    description="Service cases; their reopenings are activities of type Change Case Status.",
)

CASE_CONTACT = StreamSpec(
    name="case_contact",
    primary_key=("id",),
    columns=columns(id="integer", case_id="integer", contact_id="integer"),
    # Not an append log: a merge rewrites contact_id in place. The table is small: read it whole.
    cursor=Cursor("full"),
    deletes="id_reconcile",
    unknown="dropped",
    description="Who a case belongs to.",
)

ACTIVITY = StreamSpec(
    name="activity",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            activity_date_time="timestamp",
            created_date="timestamp",
            modified_date="timestamp",
            is_deleted="boolean",
            is_test="boolean",
            source_contact_id="integer",
            target_contact_id="integer",
            case_id="integer",
            other_target_contact_ids="json",
            subject="string",
        ),
        **named(("activity_type_id:name", "string"), ("status_id:name", "string")),
    },
    cursor=MODIFIED,
    deletes="id_reconcile",
    deleted_when="is_deleted",
    version="modified_date",
    unknown="dropped",
    description="Activities of the configured types; `subject` only where it is a case's status.",
)

STREAMS: tuple[StreamSpec, ...] = (
    CONTACT,
    MEMBERSHIP_TYPE,
    MEMBERSHIP,
    MEMBERSHIP_LOG,
    CASE,
    CASE_CONTACT,
    ACTIVITY,
    *OPTIONAL,
)
