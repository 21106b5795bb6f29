-- One row per survey response.
with surveys as (
    select * from {{ ref('conformed__surveys') }}
    where responded_at <= {{ as_of_timestamp() }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
)

select
    {{ surrogate_key(['surveys.source_system', 'surveys.source_response_id']) }} as response_key,
    {{ touchpoint_id(
        'surveys.source_system', "'survey_responded'", 'surveys.source_response_id', 'surveys.source_record_id'
    ) }} as touchpoint_id,
    current_map.member_key,
    surveys.source_system,
    surveys.source_response_id,
    surveys.survey_code,
    surveys.lifecycle_point,
    surveys.score,
    {{ is_low_score('surveys.survey_code', 'surveys.score') }} as is_negative,
    {{ local_date('surveys.responded_at') }} as responded_date,
    surveys.responded_at,
    surveys.known_at
from surveys
left join current_map
    on
        surveys.source_system = current_map.source_system
        and surveys.source_record_id = current_map.source_record_id
