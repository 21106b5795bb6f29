-- One row per segment and person whom its rule matches, before consent and suppression.
with members as (

    select * from {{ ref('mart_member_360') }}

),

candidates as (

    {%- for segment in var('segments') %}
    select
        '{{ segment.id }}' as segment_id,
        member_key,
        {{ json_object_of(segment.columns) }} as reason_json,
        {{ segment.version }} as segment_version,
        {{ segment.priority }} as priority,
        '{{ segment.purpose }}' as purpose,
        '{{ segment.channel }}' as channel,
        '{{ segment.owner_team }}' as owner_team,
        as_of_date
    from members
    where {{ segment.rule }}
    {{- '\n    union all' if not loop.last }}
    {%- else %}
    -- no segment is configured: an empty table of the same shape
    select
        '' as segment_id,
        member_key,
        '' as reason_json,
        0 as segment_version,
        0 as priority,
        '' as purpose,
        '' as channel,
        '' as owner_team,
        as_of_date
    from members
    where 1 = 0
    {%- endfor %}

)

select
    cast(segment_id as varchar) as segment_id,
    member_key,
    cast(reason_json as varchar) as reason_json,
    cast(segment_version as integer) as segment_version,
    cast(priority as integer) as priority,
    cast(purpose as varchar) as purpose,
    cast(channel as varchar) as channel,
    cast(owner_team as varchar) as owner_team,
    as_of_date
from candidates
