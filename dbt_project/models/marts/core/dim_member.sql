-- Each attribute on its own comes from the first record, in the order of var source_priority and then
-- of recency, that has a value.
{%- set attributes = [
    'member_number', 'first_name', 'last_name', 'birth_date', 'email', 'phone_e164', 'street',
    'postal_code', 'city'
] %}
with current_map as (
    select * from {{ ref('int_identity__current') }}
    where is_record_current
),

people as (
    select * from {{ ref('conformed__people') }}
),

shared_contacts as (
    select * from {{ ref('int_identity__shared_contacts') }}
    where contact_kind = 'email'
),

records as (
    select
        current_map.member_key,
        people.source_system,
        people.member_number,
        people.first_name,
        people.last_name,
        people.birth_date,
        -- An address that cannot be normalised cannot be written to.
        case when people.email_key is not null then people.email end as email,
        people.email_key,
        people.phone_e164,
        people.street,
        people.postal_code,
        people.city,
        people.deceased_on,
        people.created_at,
        people.known_at,
        row_number() over (
            partition by current_map.member_key
            order by
                case people.source_system
                    {%- for source_system in var('source_priority') %}
                    when '{{ source_system }}' then {{ loop.index }}
                    {%- endfor %}
                    else 99
                end,
                people.updated_at desc,
                people.source_record_id
        ) as precedence
    from people
    inner join current_map
        on
            people.source_system = current_map.source_system
            and people.source_record_id = current_map.source_record_id
),

firsts as (
    select
        member_key,
        {%- for attribute in attributes %}
        min(case when {{ attribute }} is not null then precedence end) as {{ attribute }}_precedence,
        {%- endfor %}
        count(*) as record_count,
        count(distinct source_system) as system_count,
        min(deceased_on) as deceased_on,
        min(created_at) as first_record_created_at,
        min(known_at) as valid_from
    from records
    group by member_key
),

golden as (
    select
        firsts.member_key,
        {%- for attribute in attributes %}
        max(case when records.precedence = firsts.{{ attribute }}_precedence then records.{{ attribute }} end)
            as {{ attribute }},
        max(case when records.precedence = firsts.{{ attribute }}_precedence then records.source_system end)
            as {{ attribute }}_source,
        {%- endfor %}
        max(case when records.precedence = firsts.email_precedence then records.email_key end) as email_key
    from firsts
    inner join records on firsts.member_key = records.member_key
    group by firsts.member_key
)

select
    {{ surrogate_key(['firsts.member_key', 'firsts.valid_from']) }} as member_version_key,
    firsts.member_key,
    {%- for attribute in attributes if attribute != 'birth_date' %}
    golden.{{ attribute }},
    {%- endfor %}
    golden.email_key,
    {%- for attribute in attributes %}
    golden.{{ attribute }}_source,
    {%- endfor %}
    cast(firsts.record_count as integer) as record_count,
    cast(firsts.system_count as integer) as system_count,
    firsts.deceased_on is not null as is_deceased,
    false as is_erased,
    shared_contacts.contact_value is not null as is_email_shared,
    true as is_current,
    golden.birth_date,
    firsts.deceased_on,
    firsts.first_record_created_at,
    firsts.valid_from,
    cast(null as timestamp) as valid_to
from firsts
inner join golden on firsts.member_key = golden.member_key
left join shared_contacts on golden.email_key = shared_contacts.contact_value
