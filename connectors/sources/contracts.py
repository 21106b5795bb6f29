"""What a mapped source can be mapped to: the conformed entities and their columns.

Data flow: settings (vendor field -> contract column) are checked against this -> StreamSpec -> raw.

The columns are those of the conformed input layer, without the ones the warehouse adds. Amounts are
whole minor units (cents) next to a currency code. An `email` also gives `email_key`, a `phone` also
`phone_e164`.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.protocol import Column, ColumnType, Cursor, StreamSpec

Contract = Mapping[str, ColumnType]

CONTRACTS: Mapping[str, Contract] = {
    "people": {
        "source_record_id": "string",
        "record_kind": "string",
        "is_member_bearing": "boolean",
        "foreign_source_system": "string",
        "foreign_record_id": "string",
        "sso_subject": "string",
        "member_number": "string",
        "first_name": "string",
        "last_name": "string",
        "birth_date": "date",
        "email": "email",
        "phone": "phone",
        "street": "string",
        "postal_code": "string",
        "city": "string",
        "is_organisation": "boolean",
        "deceased_on": "date",
        "created_at": "timestamp",
        "updated_at": "timestamp",
    },
    "organisations": {
        "source_organisation_id": "string",
        "organisation_name": "string",
        "kind": "string",
        "email": "email",
        "created_at": "timestamp",
    },
    "plans": {
        "source_plan_id": "string",
        "plan_code": "string",
        "plan_name": "string",
        "renewal_model": "string",
        "term_months": "integer",
        "grace_days": "integer",
        "reinstate_days": "integer",
        "is_renewable": "boolean",
        "is_rate_excluded": "boolean",
        "list_price_minor": "minor",
        "currency_code": "string",
        "is_active": "boolean",
    },
    "membership_terms": {
        "source_term_id": "string",
        "source_membership_id": "string",
        "source_record_id": "string",
        "source_plan_id": "string",
        "start_date": "date",
        "end_date": "date",
        "committed_date": "date",
        "resigned_date": "date",
        "is_auto_renew": "boolean",
        "amount_minor": "minor",
        "currency_code": "string",
        "term_evidence": "string",
        "is_test": "boolean",
    },
    "membership_changes": {
        "source_change_id": "string",
        "source_membership_id": "string",
        "source_record_id": "string",
        "change_type": "string",
        "change_date": "date",
    },
    "events": {
        "source_event_id": "string",
        "event_name": "string",
        "event_kind": "string",
        "modality": "string",
        "starts_at": "timestamp",
        "ends_at": "timestamp",
        "has_capture": "boolean",
        "is_cancelled": "boolean",
        "currency_code": "string",
    },
    "registrations": {
        "source_registration_id": "string",
        "source_event_id": "string",
        "source_record_id": "string",
        "registrant_email": "email",
        "registered_at": "timestamp",
        "cancelled_at": "timestamp",
        "status": "string",
        "checked_in_at": "timestamp",
        "price_minor": "minor",
        "currency_code": "string",
    },
    "invoices": {
        "source_invoice_id": "string",
        "source_record_id": "string",
        "purpose": "string",
        "status": "string",
        "issued_at": "timestamp",
        "due_at": "timestamp",
        "paid_at": "timestamp",
        "total_minor": "minor",
        "paid_minor": "minor",
        "currency_code": "string",
    },
    "payments": {
        "source_payment_id": "string",
        "kind": "string",
        "source_record_id": "string",
        "source_invoice_id": "string",
        "parent_payment_id": "string",
        "amount_minor": "minor",
        "attempted_minor": "minor",
        "currency_code": "string",
        "occurred_at": "timestamp",
        "method": "string",
        "purpose": "string",
    },
    "cases": {
        "source_case_id": "string",
        "source_record_id": "string",
        "case_type": "string",
        "received_at": "timestamp",
        "first_resolved_at": "timestamp",
        "last_resolved_at": "timestamp",
        "reopened_count": "integer",
        "status": "string",
    },
    "surveys": {
        "source_response_id": "string",
        "source_record_id": "string",
        "survey_code": "string",
        "lifecycle_point": "string",
        "score": "number",
        "responded_at": "timestamp",
    },
    "messages": {
        "source_message_id": "string",
        "source_record_id": "string",
        "campaign_id": "string",
        "campaign_name": "string",
        "purpose": "string",
        "department": "string",
        "channel": "string",
        "sent_at": "timestamp",
        "first_opened_at": "timestamp",
        "first_clicked_at": "timestamp",
        "bounced_at": "timestamp",
        "bounce_kind": "string",
        "unsubscribed_at": "timestamp",
    },
    "consents": {
        "source_consent_id": "string",
        "source_record_id": "string",
        "channel": "string",
        "purpose": "string",
        "status": "string",
        "reason": "string",
        "occurred_at": "timestamp",
        "evidence": "string",
    },
    "activities": {
        "source_activity_id": "string",
        "source_record_id": "string",
        "activity": "string",
        "occurred_at": "timestamp",
        "channel": "string",
        "department": "string",
        "actor_type": "string",
        "source_case_id": "string",
    },
}


def primary_key(entity: str) -> str:
    """The entity's key: the first column of its contract."""
    return next(iter(CONTRACTS[entity]))


def entity_spec(
    entity: str, cursor: Cursor, *, timezone: str = "UTC", description: str = ""
) -> StreamSpec:
    """The stream that carries one entity; times without an offset are read in `timezone`."""
    return StreamSpec(
        name=entity,
        primary_key=(primary_key(entity),),
        columns={name: Column(kind) for name, kind in CONTRACTS[entity].items()},
        cursor=cursor,
        timezone=timezone,
        unknown="dropped",
        description=description or f"Records mapped to {entity}.",
    )


def entity_specs() -> list[StreamSpec]:
    """Every entity as a stream: the raw tables of any mapped source."""
    return [entity_spec(entity, Cursor("full")) for entity in CONTRACTS]
