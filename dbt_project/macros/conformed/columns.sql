{# Columns and types of each conformed entity, in their fixed order. A staging model that feeds an
   entity gives at least these; the contracts in models/conformed hold the same lists. #}
{% macro conformed_columns(entity) -%}
  {%- set entities = {
    'people': {
      'source_record_id': 'varchar', 'record_kind': 'varchar', 'is_member_bearing': 'boolean',
      'foreign_source_system': 'varchar', 'foreign_record_id': 'varchar', 'sso_subject': 'varchar',
      'member_number': 'varchar', 'first_name': 'varchar', 'last_name': 'varchar',
      'birth_date': 'date', 'email': 'varchar', 'email_key': 'varchar', 'phone_e164': 'varchar',
      'street': 'varchar', 'postal_code': 'varchar', 'city': 'varchar',
      'is_organisation': 'boolean', 'deceased_on': 'date', 'created_at': 'timestamp',
      'updated_at': 'timestamp',
    },
    'organisations': {
      'source_organisation_id': 'varchar', 'organisation_name': 'varchar', 'kind': 'varchar',
      'email_key': 'varchar', 'created_at': 'timestamp',
    },
    'plans': {
      'source_plan_id': 'varchar', 'plan_code': 'varchar', 'plan_name': 'varchar',
      'renewal_model': 'varchar', 'term_months': 'integer', 'grace_days': 'integer',
      'reinstate_days': 'integer', 'is_renewable': 'boolean', 'is_rate_excluded': 'boolean',
      'list_price_minor': 'bigint', 'currency_code': 'varchar', 'is_active': 'boolean',
    },
    'plan_versions': {
      'source_plan_id': 'varchar', 'plan_name': 'varchar', 'list_price_minor': 'bigint',
      'currency_code': 'varchar', 'is_active': 'boolean', 'valid_from': 'timestamp',
      'valid_to': 'timestamp',
    },
    'membership_terms': {
      'source_term_id': 'varchar', 'source_membership_id': 'varchar', 'source_record_id': 'varchar',
      'source_plan_id': 'varchar', 'start_date': 'date', 'end_date': 'date',
      'committed_date': 'date', 'resigned_date': 'date', 'is_auto_renew': 'boolean',
      'amount_minor': 'bigint', 'currency_code': 'varchar', 'term_evidence': 'varchar',
      'is_test': 'boolean',
    },
    'membership_changes': {
      'source_change_id': 'varchar', 'source_membership_id': 'varchar',
      'source_record_id': 'varchar', 'change_type': 'varchar', 'change_date': 'date',
    },
    'events': {
      'source_event_id': 'varchar', 'event_name': 'varchar', 'event_kind': 'varchar',
      'modality': 'varchar', 'starts_at': 'timestamp', 'ends_at': 'timestamp',
      'has_capture': 'boolean', 'is_cancelled': 'boolean', 'currency_code': 'varchar',
    },
    'registrations': {
      'source_registration_id': 'varchar', 'source_event_id': 'varchar',
      'source_record_id': 'varchar', 'registrant_email_key': 'varchar',
      'registered_at': 'timestamp', 'cancelled_at': 'timestamp', 'status': 'varchar',
      'checked_in_at': 'timestamp', 'price_minor': 'bigint', 'currency_code': 'varchar',
    },
    'invoices': {
      'source_invoice_id': 'varchar', 'source_record_id': 'varchar', 'purpose': 'varchar',
      'status': 'varchar', 'issued_at': 'timestamp', 'due_at': 'timestamp',
      'paid_at': 'timestamp', 'total_minor': 'bigint', 'paid_minor': 'bigint',
      'currency_code': 'varchar',
    },
    'payments': {
      'source_payment_id': 'varchar', 'kind': 'varchar', 'source_record_id': 'varchar',
      'source_invoice_id': 'varchar', 'parent_payment_id': 'varchar', 'amount_minor': 'bigint',
      'attempted_minor': 'bigint', 'currency_code': 'varchar', 'occurred_at': 'timestamp',
      'method': 'varchar', 'purpose': 'varchar',
    },
    'cases': {
      'source_case_id': 'varchar', 'source_record_id': 'varchar', 'case_type': 'varchar',
      'received_at': 'timestamp', 'first_resolved_at': 'timestamp',
      'last_resolved_at': 'timestamp', 'reopened_count': 'integer', 'status': 'varchar',
    },
    'surveys': {
      'source_response_id': 'varchar', 'source_record_id': 'varchar', 'survey_code': 'varchar',
      'lifecycle_point': 'varchar', 'score': 'decimal(9,2)', 'responded_at': 'timestamp',
    },
    'messages': {
      'source_message_id': 'varchar', 'source_record_id': 'varchar', 'campaign_id': 'varchar',
      'campaign_name': 'varchar', 'purpose': 'varchar', 'department': 'varchar',
      'channel': 'varchar', 'sent_at': 'timestamp', 'first_opened_at': 'timestamp',
      'first_clicked_at': 'timestamp', 'bounced_at': 'timestamp', 'bounce_kind': 'varchar',
      'unsubscribed_at': 'timestamp',
    },
    'consents': {
      'source_consent_id': 'varchar', 'source_record_id': 'varchar', 'channel': 'varchar',
      'purpose': 'varchar', 'status': 'varchar', 'reason': 'varchar', 'occurred_at': 'timestamp',
      'evidence': 'varchar',
    },
    'holds': {
      'source_record_id': 'varchar', 'hold': 'varchar', 'since': 'timestamp',
    },
    'activities': {
      'source_activity_id': 'varchar', 'source_record_id': 'varchar', 'activity': 'varchar',
      'occurred_at': 'timestamp', 'channel': 'varchar', 'department': 'varchar',
      'actor_type': 'varchar', 'source_case_id': 'varchar',
    },
  } -%}
  {%- if entity not in entities -%}
    {{ exceptions.raise_compiler_error(
      "There is no conformed entity '" ~ entity ~ "'. Known: " ~ entities.keys() | join(', ')
    ) }}
  {%- endif -%}
  {{ return(entities[entity]) }}
{%- endmacro %}
