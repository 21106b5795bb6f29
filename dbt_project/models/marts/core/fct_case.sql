-- One row per service case and person it concerns.
with cases as (
    select * from {{ ref('conformed__cases') }}
    where received_at <= {{ as_of_timestamp() }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
)

select
    {{ surrogate_key(['cases.source_system', 'cases.source_case_id', 'cases.source_record_id']) }} as case_party_key,
    {{ surrogate_key(['cases.source_system', 'cases.source_case_id']) }} as case_key,
    {{ touchpoint_id(
        'cases.source_system', "'case_opened'", 'cases.source_case_id', 'cases.source_record_id'
    ) }} as touchpoint_id,
    current_map.member_key,
    cases.source_system,
    cases.source_case_id,
    cases.case_type,
    cases.status,
    cases.reopened_count,
    cast({{ dbt.datediff('cases.received_at', 'cases.first_resolved_at', 'second') }} as double precision) / 3600
        as hours_to_first_resolution,
    {{ local_date('cases.received_at') }} as received_date,
    cases.received_at,
    cases.first_resolved_at,
    cases.last_resolved_at,
    cases.known_at
from cases
left join current_map
    on
        cases.source_system = current_map.source_system
        and cases.source_record_id = current_map.source_record_id
