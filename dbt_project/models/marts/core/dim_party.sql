-- One row per party: a person, or an organisation as one system knows it.
with members as (

    select * from {{ ref('dim_member') }}
    where is_current

),

organisations as (

    select * from {{ ref('conformed__organisations') }}

),

parties as (

    select
        member_key as party_key,
        'person' as party_type,
        member_key,
        cast(null as {{ dbt.type_string() }}) as source_system,
        cast(null as {{ dbt.type_string() }}) as source_organisation_id,
        'person' as organisation_kind,
        coalesce({{ dbt.concat(['first_name', "' '", 'last_name']) }}, last_name, first_name) as party_name,
        extract(year from birth_date) as birth_year,
        is_deceased,
        deceased_on,
        first_record_created_at as created_at,
        valid_from as known_at
    from members
    union all
    select
        {{ surrogate_key(["'organisation'", 'source_system', 'source_organisation_id']) }} as party_key,
        'organisation' as party_type,
        cast(null as {{ dbt.type_string() }}) as member_key,
        source_system,
        source_organisation_id,
        kind as organisation_kind,
        organisation_name as party_name,
        null as birth_year,
        false as is_deceased,
        cast(null as date) as deceased_on,
        created_at,
        known_at
    from organisations

)

select
    party_key,
    party_type,
    member_key,
    source_system,
    source_organisation_id,
    case when party_type = 'organisation' then organisation_kind end as organisation_kind,
    party_name,
    -- ten years wide: a band says roughly how old somebody is and not who it is
    case
        when birth_year is not null then {{ dbt.concat([
            'cast(cast(birth_year - mod(birth_year, 10) as integer) as varchar)',
            "'-'",
            'cast(cast(birth_year - mod(birth_year, 10) + 9 as integer) as varchar)',
        ]) }}
    end as birth_year_band,
    is_deceased,
    deceased_on,
    created_at,
    known_at
from parties
