with contact as (
    {{ raw_current('civicrm', 'contact') }}
)

select
    cast(id as varchar) as contact_id,
    contact_type,
    nullif(upper(replace(external_identifier, ' ', '')), '') as member_number,
    nullif(trim(first_name), '') as first_name,
    nullif(trim(last_name), '') as last_name,
    coalesce(organization_name, household_name) as organisation_name,
    email_primary_email as email,
    email_primary_email_key as email_key,
    email_primary_on_hold as email_on_hold,
    phone_primary_phone_e164 as phone_e164,
    nullif(trim(address_primary_street_address), '') as street,
    nullif(trim(address_primary_postal_code), '') as postal_code,
    nullif(trim(address_primary_city), '') as city,
    consent_email_membership,
    consent_email_marketing,
    consent_evidence,
    service_hold,
    coalesce(is_deceased, false) as is_deceased,
    coalesce(do_not_email, false) as is_email_refused,
    coalesce(do_not_mail, false) as is_post_refused,
    coalesce(do_not_phone, false) as is_phone_refused,
    coalesce(is_opt_out, false) as is_bulk_email_refused,
    birth_date,
    deceased_date,
    consent_email_membership_at,
    consent_email_marketing_at,
    created_date as created_at,
    modified_date as updated_at,
    _first_known_at as known_at
from contact
where not coalesce(is_deleted, false)
