-- One row per version of a service journey, as config/journeys/*.yml defines it. A version opens
-- instances from its first day until the next version's.
with versions as (

    {%- for journey in var('journeys') %}
    select
        '{{ journey.id }}' as journey_id,
        {{ journey.version }} as journey_version,
        {{ text_literal(journey.title) }} as journey_title,
        {{ text_literal(journey.outcome) }} as intended_outcome,
        '{{ journey.purpose }}' as purpose,
        '{{ journey.per }}' as subject_kind,
        {{ journey.concurrent | string | lower }} as is_concurrent,
        {{ journey.stages | length }} as stage_count,
        {{ journey.end.expires_after_days }} as expires_after_days,
        cast('{{ journey.applies_from or '0001-01-01' }}' as date) as applies_from_date
    {{- '\n    union all' if not loop.last }}
    {%- else %}
    -- no journey is configured: an empty table of the same shape
    select
        activity as journey_id,
        0 as journey_version,
        activity as journey_title,
        activity as intended_outcome,
        activity as purpose,
        activity as subject_kind,
        false as is_concurrent,
        0 as stage_count,
        0 as expires_after_days,
        cast('0001-01-01' as date) as applies_from_date
    from {{ ref('dim_activity') }}
    where 1 = 0
    {%- endfor %}

)

select
    cast(journey_id as varchar) as journey_id,
    cast(journey_version as integer) as journey_version,
    cast(journey_title as varchar) as journey_title,
    cast(intended_outcome as varchar) as intended_outcome,
    cast(purpose as varchar) as purpose,
    cast(subject_kind as varchar) as subject_kind,
    cast(is_concurrent as boolean) as is_concurrent,
    cast(stage_count as integer) as stage_count,
    cast(expires_after_days as integer) as expires_after_days,
    applies_from_date,
    coalesce(
        lead(applies_from_date) over (partition by journey_id order by journey_version),
        {{ forever() }}
    ) as applies_until_date
from versions
