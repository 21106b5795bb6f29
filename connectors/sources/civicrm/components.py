"""The streams a site may not have or an organisation may not want: events, money, relationships.

Data flow: CiviCRM APIv4 entity -> StreamSpec (here) -> streams.py -> source.py -> raw `civicrm.*`.

Facts (civicrm-core):
- Participant and Contribution have `modified_date` since 6.9 (pull requests 33867 and 33855),
  Relationship since 5.47, ContributionRecur always; all with ON UPDATE CURRENT_TIMESTAMP, so that
  the database itself dates the rows a merge moves. ContributionRecur got that only with 5.43 (pull
  request 21472). Event has none (schema/*/*.entityType.php).
- money is decimal(20,2) with the row's own currency code; a refund overwrites the contribution's
  status and `cancel_date` and leaves `total_amount` as it was.
- contribution statuses: Completed, Pending, Cancelled, Failed, Refunded, Partially paid, Pending
  refund, Chargeback, Template, Pending (Processing) (contribution_status.sqldata.php).
- a participant's status belongs to a class: Positive, Pending, Waiting or Negative; organisations
  add statuses of their own (civicrm_participant_status_type.sqldata.php).
- components can be switched off; `Entity.get` then leaves their entities out (pull request 19075).
Not verified: from which version on `paid_amount` is a field of Contribution; a site without it
leaves the column empty.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.protocol import Column, Cursor, StreamSpec
from connectors.sources.civicrm.columns import MODIFIED, columns, named

# Stream -> the component its entity belongs to; the others are always there.
COMPONENTS: Mapping[str, str] = {
    "event": "CiviEvent",
    "participant": "CiviEvent",
    "contribution": "CiviContribute",
    "contribution_recur": "CiviContribute",
}

# Entity -> the first CiviCRM version with `modified_date`, where that is known.
MODIFIED_SINCE: Mapping[str, str] = {
    "Participant": "6.9",
    "Contribution": "6.9",
    "Relationship": "5.47",
}

EVENT = StreamSpec(
    name="event",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            title="string",
            start_date="timestamp",
            end_date="timestamp",
            is_active="boolean",
            is_public="boolean",
            is_online_registration="boolean",
            is_monetary="boolean",
            is_template="boolean",
            currency="string",
            created_date="timestamp",
        ),
        **named(("event_type_id:name", "string")),
    },
    cursor=Cursor("full"),
    deletes="id_reconcile",
    description="Events, templates among them and flagged; times are the site's local time.",
)

PARTICIPANT = StreamSpec(
    name="participant",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            contact_id="integer",
            event_id="integer",
            register_date="timestamp",
            fee_amount="money",
            fee_currency="string",
            registered_by_id="integer",
            transferred_to_contact_id="integer",
            is_pay_later="boolean",
            is_test="boolean",
            created_date="timestamp",
            modified_date="timestamp",
        ),
        **named(
            ("status_id:name", "string"), ("status_id.class", "string"), ("role_id:name", "json")
        ),
    },
    cursor=MODIFIED,
    deletes="id_reconcile",
    version="modified_date",
    description="Who is registered for an event, with status and roles; test ones are flagged.",
)

CONTRIBUTION = StreamSpec(
    name="contribution",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            contact_id="integer",
            total_amount="money",
            paid_amount="money",
            currency="string",
            receive_date="timestamp",
            cancel_date="timestamp",
            contribution_recur_id="integer",
            is_pay_later="boolean",
            is_test="boolean",
            is_template="boolean",
            created_date="timestamp",
            modified_date="timestamp",
        ),
        **named(
            ("contribution_status_id:name", "string"),
            ("financial_type_id:name", "string"),
            ("payment_instrument_id:name", "string"),
        ),
        "purpose": Column("string"),
    },
    cursor=MODIFIED,
    deletes="id_reconcile",
    version="modified_date",
    description="Money received or expected; `purpose` by its financial type; templates flagged.",
)

CONTRIBUTION_RECUR = StreamSpec(
    name="contribution_recur",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            contact_id="integer",
            amount="money",
            currency="string",
            frequency_unit="string",
            frequency_interval="integer",
            installments="integer",
            start_date="timestamp",
            create_date="timestamp",
            cancel_date="timestamp",
            end_date="timestamp",
            next_sched_contribution_date="timestamp",
            failure_count="integer",
            auto_renew="boolean",
            is_test="boolean",
            modified_date="timestamp",
        ),
        **named(("contribution_status_id:name", "string"), ("financial_type_id:name", "string")),
    },
    cursor=MODIFIED,
    deletes="id_reconcile",
    version="modified_date",
    description="Standing orders and mandates that make contributions.",
)

RELATIONSHIP = StreamSpec(
    name="relationship",
    primary_key=("id",),
    columns={
        **columns(
            id="integer",
            contact_id_a="integer",
            contact_id_b="integer",
            start_date="date",
            end_date="date",
            is_active="boolean",
            created_date="timestamp",
            modified_date="timestamp",
        ),
        **named(("relationship_type_id:name", "string")),
    },
    cursor=MODIFIED,
    deletes="id_reconcile",
    version="modified_date",
    description="Relationships of the configured types: employers and inherited memberships.",
)

OPTIONAL: tuple[StreamSpec, ...] = (
    EVENT,
    PARTICIPANT,
    CONTRIBUTION,
    CONTRIBUTION_RECUR,
    RELATIONSHIP,
)
