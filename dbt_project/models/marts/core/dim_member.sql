-- Each attribute survives on its own from one record, as dim_member_provenance says; the parts of an
-- address survive together.
{%- set attributes = [
    'member_number', 'first_name', 'last_name', 'birth_date', 'email', 'phone_e164', 'street',
    'postal_code', 'city'
] %}
with precedence as (
    select * from {{ ref('int_identity__precedence') }}
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
        precedence.member_key,
        people.source_system,
        people.member_number,
        people.first_name,
        people.last_name,
        people.birth_date,
        people.email,
        people.email_key,
        people.phone_e164,
        people.street,
        people.postal_code,
        people.city,
        people.deceased_on,
        people.created_at,
        people.known_at,
        {%- for attribute in survivor_columns() %}
        {{ survivor_rank(attribute, 'people', 'precedence.precedence') }} as {{ attribute }}_rank
        {{- ',' if not loop.last }}
        {%- endfor %}
    from people
    inner join precedence
        on
            people.source_system = precedence.source_system
            and people.source_record_id = precedence.source_record_id
),

firsts as (
    select
        member_key,
        {%- for attribute in survivor_columns() %}
        min({{ attribute }}_rank) as {{ attribute }}_rank,
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
        {%- for attribute, columns in survivor_columns().items() %}
        {%- for column in columns %}
        max(case when records.{{ attribute }}_rank = firsts.{{ attribute }}_rank then records.{{ column }} end)
            as {{ column }},
        max(
            case
                when records.{{ attribute }}_rank = firsts.{{ attribute }}_rank and records.{{ column }} is not null
                    then records.source_system
            end
        ) as {{ column }}_source,
        {%- endfor %}
        {%- endfor %}
        max(case when records.email_rank = firsts.email_rank then records.email_key end) as email_key
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
