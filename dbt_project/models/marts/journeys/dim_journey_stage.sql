-- One row per stage of a version of a service journey, in order.
with stages as (

    {%- for journey in var('journeys') %}
    {%- set is_last_journey = loop.last %}
    {%- for stage in journey.stages %}
    select
        '{{ journey.id }}' as journey_id,
        {{ journey.version }} as journey_version,
        {{ loop.index }} as stage_no,
        '{{ stage.id }}' as stage_id,
        {{ text_literal(stage.title) }} as stage_title,
        '{{ stage.owner_type }}' as owner_type,
        '{{ stage.owner_team }}' as owner_team,
        {{ text_literal(stage.next_action) }} as next_action,
        {{ text_literal(stage.support_level) }} as support_level,
        {{ stage.expected_days }} as expected_days,
        cast({{ stage.sla.days if stage.sla and stage.sla.days else 'null' }} as integer) as sla_days,
        cast({{ stage.sla.hours if stage.sla and stage.sla.hours else 'null' }} as integer) as sla_hours,
        '{{ stage.sla.counted_from if stage.sla else 'entry' }}' as sla_from,
        {{ stage.times }} as times,
        {{ stage.look_back_days }} as look_back_days
    {{- '\n    union all' if not (loop.last and is_last_journey) }}
    {%- endfor %}
    {%- else %}
    -- no journey is configured: an empty table of the same shape
    select
        activity as journey_id,
        0 as journey_version,
        0 as stage_no,
        activity as stage_id,
        activity as stage_title,
        activity as owner_type,
        activity as owner_team,
        activity as next_action,
        activity as support_level,
        0 as expected_days,
        0 as sla_days,
        0 as sla_hours,
        activity as sla_from,
        0 as times,
        0 as look_back_days
    from {{ ref('dim_activity') }}
    where 1 = 0
    {%- endfor %}

)

select
    cast(journey_id as varchar) as journey_id,
    cast(journey_version as integer) as journey_version,
    cast(stage_no as integer) as stage_no,
    cast(stage_id as varchar) as stage_id,
    {{ dbt.concat(["'jrn:'", 'journey_id', "':'", 'stage_id']) }} as segment_id,
    cast(stage_title as varchar) as stage_title,
    cast(owner_type as varchar) as owner_type,
    cast(owner_team as varchar) as owner_team,
    cast(next_action as varchar) as next_action,
    cast(support_level as varchar) as support_level,
    cast(expected_days as integer) as expected_days,
    sla_days,
    sla_hours,
    cast(sla_from as varchar) as sla_from,
    cast(times as integer) as times,
    cast(look_back_days as integer) as look_back_days
from stages
