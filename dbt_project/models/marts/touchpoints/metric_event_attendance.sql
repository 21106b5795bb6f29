-- One row per slice (event or month of its begin) and its value: of the people who were registered and
-- about whom it is known, the share who did not come. Walk-ins came, but nobody expected them.
with attendance as (

    select * from {{ ref('fct_attendance') }}

),

events as (

    select * from {{ ref('dim_event') }}
    where start_date is not null

),

sliced as (

    select
        'event' as slice_name,
        attendance.event_key as slice_value,
        attendance.outcome,
        attendance.seats,
        events.start_date as period_start,
        events.ends_at
    from attendance
    inner join events on attendance.event_key = events.event_key
    union all
    select
        'month' as slice_name,
        'all' as slice_value,
        attendance.outcome,
        attendance.seats,
        cast({{ dbt.date_trunc('month', 'events.start_date') }} as date) as period_start,
        events.ends_at
    from attendance
    inner join events on attendance.event_key = events.event_key

),

counted as (

    select
        slice_name,
        slice_value,
        period_start,
        count(*) as people,
        sum(seats) as seats,
        sum(case when outcome in ('attended', 'no_show') then 1 else 0 end) as denominator,
        sum(case when outcome = 'no_show' then 1 else 0 end) as numerator,
        {%- for outcome in ['attended', 'walk_in'] %}
        sum(case when outcome = '{{ outcome }}' then 1 else 0 end) as {{ outcome }},
        {%- endfor %}
        {%- for outcome in ['unknown', 'cancelled', 'expired', 'event_cancelled'] %}
        sum(case when outcome = '{{ outcome }}' then 1 else 0 end) as excluded_{{ outcome }},
        {%- endfor %}
        sum(case when outcome = 'upcoming' then 1 else 0 end) as still_open,
        max(ends_at) as last_ends_at
    from sliced
    group by slice_name, slice_value, period_start

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    slice_name,
    slice_value,
    cast(people as bigint) as people,
    cast(seats as bigint) as seats,
    cast(denominator as bigint) as denominator,
    cast(numerator as bigint) as numerator,
    cast(attended as bigint) as attended,
    cast(walk_in as bigint) as walk_ins,
    {%- for outcome in ['unknown', 'cancelled', 'expired', 'event_cancelled'] %}
    cast(excluded_{{ outcome }} as bigint) as excluded_{{ outcome }},
    {%- endfor %}
    cast(still_open as bigint) as still_open,
    {{ share('numerator', 'denominator') }} as value,
    {{ wilson_bound('numerator', 'denominator', 'low') }} as lo,
    {{ wilson_bound('numerator', 'denominator', 'high') }} as hi,
    still_open = 0 and last_ends_at <= {{ as_of_timestamp() }} as is_mature,
    period_start,
    {{ as_of_date() }} as as_of_date
from counted
