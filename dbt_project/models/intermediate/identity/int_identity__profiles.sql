with records as (
    select * from {{ ref('int_identity__records') }}
)

select
    profile_id,
    max(source_system) as source_system,
    min(source_record_id) as sample_record_id,
    max(foreign_source_system) as foreign_source_system,
    max(foreign_record_id) as foreign_record_id,
    max(sso_subject) as sso_subject,
    max(member_number) as member_number,
    max(first_key) as first_key,
    max(last_key) as last_key,
    max(suffix_key) as suffix_key,
    max(street_key) as street_key,
    max(postal_key) as postal_key,
    max(email_key) as email_key,
    max(phone_e164) as phone_e164,
    max(birth_date) as birth_date,
    min(deceased_on) as deceased_on,
    -- A subscriber, respondent or customer may give a member number and no name.
    max(first_key) is null
    and max(last_key) is null
    and {{ dbt.bool_or("record_kind in ('subscriber', 'respondent', 'customer')") }} as is_number_enough,
    count(*) as record_count
from records
group by profile_id
