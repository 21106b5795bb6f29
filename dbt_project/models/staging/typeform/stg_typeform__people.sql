-- Every response is a record of its own: who it belongs to is for identity to say.
with response as (
    {{ raw_current('typeform', 'response') }}
)

select
    id as source_record_id,
    'respondent' as record_kind,
    false as is_member_bearing,
    case when nullif(civicrm_contact_id, '') is not null then 'civicrm' end as foreign_source_system,
    nullif(civicrm_contact_id, '') as foreign_record_id,
    cast(null as varchar) as sso_subject,
    nullif(upper(replace(member_number, ' ', '')), '') as member_number,
    cast(null as varchar) as first_name,
    cast(null as varchar) as last_name,
    cast(null as date) as birth_date,
    email,
    email_key,
    cast(null as varchar) as phone_e164,
    cast(null as varchar) as street,
    cast(null as varchar) as postal_code,
    cast(null as varchar) as city,
    false as is_organisation,
    cast(null as date) as deceased_on,
    submitted_at as created_at,
    submitted_at as updated_at,
    _first_known_at as known_at
from response
