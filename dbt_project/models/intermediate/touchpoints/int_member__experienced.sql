-- One row per person who ever did something: what kinds of experience the organisation was to them.
-- "12m" is the 365 days that end on the as-of day, "24m" the 730.
{%- set types = ['routine', 'joyride', 'trek', 'odyssey'] %}
with touchpoints as (

    select * from {{ ref('fct_touchpoint') }}
    where
        member_key is not null
        and is_member_initiated
        and touch_date <= {{ as_of_date() }}

),

activities as (

    select * from {{ ref('dim_activity') }}

),

events as (

    select * from {{ ref('dim_event') }}
    where experience_type is not null

),

typed as (

    select
        touchpoints.member_key,
        touchpoints.touch_date,
        activities.relation_class,
        coalesce(events.experience_type, activities.experience_type) as experience_type,
        {{ days_between('touchpoints.touch_date', as_of_date()) }} as days_ago
    from touchpoints
    inner join activities on touchpoints.activity = activities.activity
    left join events
        on
            touchpoints.source_system = events.source_system
            and touchpoints.source_event_id = events.source_event_id
            and touchpoints.activity = 'event_attended'

),

counted as (

    select
        member_key,
        sum(case when days_ago < 365 then 1 else 0 end) as touches_12m,
        sum(case when days_ago < 365 and relation_class = 'relational' then 1 else 0 end)
            as relational_12m,
        sum(case when days_ago < 730 then 1 else 0 end) as touches_24m,
        {%- for type in types %}
        sum(case when days_ago < 730 and experience_type = '{{ type }}' then 1 else 0 end)
            as {{ type }}_24m,
        {%- endfor %}
        max(case when experience_type = 'odyssey' then touch_date end) as last_odyssey_date
    from typed
    group by member_key

)

select
    member_key,
    cast(touches_12m as integer) as touches_12m,
    cast(relational_12m as integer) as relational_12m,
    cast(touches_24m as integer) as touches_24m,
    {%- for type in types %}
    cast({{ type }}_24m as integer) as {{ type }}_24m,
    {%- endfor %}
    touches_12m > 0 and relational_12m = 0 as transactional_only_12m,
    last_odyssey_date
from counted
