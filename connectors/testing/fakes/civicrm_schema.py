"""The fields each fake CiviCRM entity declares, as `getFields` lists them.

Data flow: this table -> CivicrmFake.getFields and its checks of select, where and orderBy.

Facts from civicrm-core: Membership has no created or modified date in its stored schema, and
MembershipLog.modified_date is a DATE (schema/Member/*.entityType.php); Participant and Contribution
got theirs with 6.9, Event has none (schema/Event, schema/Contribute); contact primaries are
implicit joins `email_primary`, `phone_primary`, `address_primary` (pull request 23845); option
fields can be asked for with a suffix such as `status_id:name`; custom fields are named Group.field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DataType = Literal["Integer", "String", "Text", "Boolean", "Date", "Timestamp", "Money", "Array"]
FieldType = Literal["Field", "Custom", "Extra"]


@dataclass(frozen=True)
class Field:
    """One field; `suffixed` fields are stored and selected as `<name>:name`.

    `joined` fields belong to another entity and are reached by the dot notation: they can be
    selected and filtered, but `getFields` lists only the join itself.
    """

    name: str
    data_type: DataType = "String"
    type: FieldType = "Field"
    suffixed: bool = False
    joined: bool = False
    fk_entity: str | None = None


def _fields(data_type: DataType, *names: str) -> list[Field]:
    return [Field(name, data_type) for name in names]


def _suffixed(*names: str) -> list[Field]:
    return [Field(name, "Integer", suffixed=True) for name in names]


def _key(name: str, entity: str) -> Field:
    return Field(name, "Integer", fk_entity=entity)


_ID = Field("id", "Integer")

_CONTACT = [
    _ID,
    *_fields(
        "String",
        "contact_type",
        "external_identifier",
        "first_name",
        "last_name",
        "organization_name",
        "household_name",
    ),
    *_fields("Date", "birth_date", "deceased_date"),
    *_fields("Boolean", "is_deceased", "is_deleted", "is_opt_out"),
    *_fields("Boolean", "do_not_email", "do_not_mail", "do_not_phone"),
    Field("preferred_communication_method", "Array"),
    _key("employer_id", "Contact"),
    *_fields("Timestamp", "created_date", "modified_date"),
    Field("email_primary", "Integer", "Extra", fk_entity="Email"),
    Field("phone_primary", "Integer", "Extra", fk_entity="Phone"),
    Field("address_primary", "Integer", "Extra", fk_entity="Address"),
    Field("email_primary.email", joined=True),
    Field("email_primary.on_hold", "Integer", joined=True),
    Field("phone_primary.phone", joined=True),
    Field("address_primary.street_address", joined=True),
    Field("address_primary.postal_code", joined=True),
    Field("address_primary.city", joined=True),
    Field("Consent.email_membership", type="Custom"),
    Field("Consent.email_membership_at", "Timestamp", "Custom"),
    Field("Consent.email_marketing", type="Custom"),
    Field("Consent.email_marketing_at", "Timestamp", "Custom"),
    Field("Consent.evidence", type="Custom"),
    Field("Service.hold", type="Custom"),
]
_MEMBERSHIP_TYPE = [
    _ID,
    *_fields("String", "name", "title", "duration_unit", "period_type"),
    Field("minimum_fee", "Money"),
    *_fields("Integer", "duration_interval", "fixed_period_start_day"),
    Field("is_active", "Boolean"),
]
_MEMBERSHIP = [
    _ID,
    _key("contact_id", "Contact"),
    _key("membership_type_id", "MembershipType"),
    *_fields("Date", "join_date", "start_date", "end_date"),
    *_suffixed("status_id"),
    *_fields("Boolean", "is_override", "is_test"),
    _key("contribution_recur_id", "ContributionRecur"),
    Field("source"),
    _key("owner_membership_id", "Membership"),
]
_MEMBERSHIP_LOG = [
    _ID,
    _key("membership_id", "Membership"),
    *_suffixed("status_id"),
    _key("membership_type_id", "MembershipType"),
    *_fields("Date", "start_date", "end_date", "modified_date"),
    _key("modified_id", "Contact"),
]
_CASE = [
    _ID,
    *_suffixed("case_type_id", "status_id"),
    *_fields("Date", "start_date", "end_date"),
    *_fields("Timestamp", "created_date", "modified_date"),
    Field("is_deleted", "Boolean"),
]
_CASE_CONTACT = [_ID, _key("case_id", "Case"), _key("contact_id", "Contact")]
_ACTIVITY = [
    _ID,
    *_suffixed("activity_type_id", "status_id"),
    *_fields("Timestamp", "activity_date_time", "created_date", "modified_date"),
    *_fields("Boolean", "is_deleted", "is_test"),
    Field("subject"),
    Field("source_contact_id", "Integer", "Extra", fk_entity="Contact"),
    Field("target_contact_id", "Integer", "Extra", fk_entity="Contact"),
    Field("case_id", "Integer", "Extra", fk_entity="Case"),
]
_EVENT = [
    _ID,
    Field("title"),
    *_suffixed("event_type_id"),
    *_fields("Timestamp", "start_date", "end_date", "created_date"),
    *_fields("Boolean", "is_active", "is_public", "is_online_registration", "is_monetary"),
    Field("is_template", "Boolean"),
    Field("currency"),
]
_PARTICIPANT = [
    _ID,
    _key("contact_id", "Contact"),
    _key("event_id", "Event"),
    *_suffixed("status_id", "role_id"),
    Field("status_id.class", joined=True),
    *_fields("Timestamp", "register_date", "created_date", "modified_date"),
    Field("fee_amount", "Money"),
    Field("fee_currency"),
    _key("registered_by_id", "Participant"),
    _key("transferred_to_contact_id", "Contact"),
    *_fields("Boolean", "is_pay_later", "is_test"),
]
_CONTRIBUTION = [
    _ID,
    _key("contact_id", "Contact"),
    *_suffixed("contribution_status_id", "financial_type_id", "payment_instrument_id"),
    *_fields("Money", "total_amount", "fee_amount", "net_amount"),
    Field("paid_amount", "Money", "Extra"),
    *_fields("String", "currency", "trxn_id", "source", "cancel_reason", "check_number"),
    *_fields("Timestamp", "receive_date", "cancel_date", "created_date", "modified_date"),
    _key("contribution_recur_id", "ContributionRecur"),
    *_fields("Boolean", "is_pay_later", "is_test", "is_template"),
]
_CONTRIBUTION_RECUR = [
    _ID,
    _key("contact_id", "Contact"),
    Field("amount", "Money"),
    *_fields("String", "currency", "frequency_unit", "processor_id", "cancel_reason"),
    *_fields("Integer", "frequency_interval", "installments", "failure_count"),
    *_suffixed("contribution_status_id", "financial_type_id"),
    *_fields("Timestamp", "start_date", "create_date", "modified_date", "cancel_date", "end_date"),
    Field("next_sched_contribution_date", "Timestamp"),
    *_fields("Boolean", "auto_renew", "is_test"),
]
_RELATIONSHIP = [
    _ID,
    _key("contact_id_a", "Contact"),
    _key("contact_id_b", "Contact"),
    *_suffixed("relationship_type_id"),
    *_fields("Date", "start_date", "end_date"),
    Field("is_active", "Boolean"),
    Field("description"),
    *_fields("Timestamp", "created_date", "modified_date"),
]

ENTITIES: dict[str, list[Field]] = {
    "Contact": _CONTACT,
    "MembershipType": _MEMBERSHIP_TYPE,
    "Membership": _MEMBERSHIP,
    "MembershipLog": _MEMBERSHIP_LOG,
    "Case": _CASE,
    "CaseContact": _CASE_CONTACT,
    "Activity": _ACTIVITY,
    "Event": _EVENT,
    "Participant": _PARTICIPANT,
    "Contribution": _CONTRIBUTION,
    "ContributionRecur": _CONTRIBUTION_RECUR,
    "Relationship": _RELATIONSHIP,
}

# `get` filters these to 0 unless the caller mentions them or asks by id
# (Civi/Api4/Service/Spec/Provider/GetActionDefaultsProvider.php and
# AbstractGetAction::setDefaultWhereClause).
DEFAULT_ZERO = ("is_deleted", "is_test", "is_template")
