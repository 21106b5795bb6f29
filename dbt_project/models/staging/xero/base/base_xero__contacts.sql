-- IsCustomer can change without a new UpdatedDateUTC, so an invoice makes a customer too. A contact
-- whose name is its first and last name is a person; every other one counts as an organisation, as a
-- company linked to a person does more harm than a person left unlinked.
with contact as (
    {{ raw_current('xero', 'contact') }}
),

invoice as (
    {{ raw_current('xero', 'invoice') }}
),

invoiced as (
    select distinct contact_id
    from invoice
    where type = 'ACCREC'
)

select
    contact.contact_id,
    contact.merged_to_contact_id,
    contact.name,
    nullif(trim(contact.first_name), '') as first_name,
    nullif(trim(contact.last_name), '') as last_name,
    contact.email_address as email,
    contact.email_address_key as email_key,
    contact.phone_e164,
    contact.street,
    contact.postal_code,
    contact.city,
    coalesce(
        {{ name_key('contact.name') }} in (
            {{ name_key("concat(coalesce(contact.first_name, ''), coalesce(contact.last_name, ''))") }},
            {{ name_key("concat(coalesce(contact.last_name, ''), coalesce(contact.first_name, ''))") }}
        ),
        false
    ) as is_person,
    contact.updated_date_utc as updated_at,
    contact._first_known_at as known_at
from contact
left join invoiced on contact.contact_id = invoiced.contact_id
where
    -- Somebody who asked to be forgotten is forgotten here too.
    coalesce(contact.contact_status, 'ACTIVE') <> 'GDPRREQUEST'
    and (invoiced.contact_id is not null or contact.is_customer or not coalesce(contact.is_supplier, false))
