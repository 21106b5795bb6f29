-- Stays overlap when somebody joins with two devices: minutes are those of their union.
with stays as (
    select * from {{ ref('base_zoom__stays') }}
    where registrant_id is not null
),

covered as (
    select
        webinar_id,
        registrant_id,
        segment,
        joined_at,
        left_at,
        max(left_at) over (
            partition by webinar_id, registrant_id
            order by joined_at, left_at, segment
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from stays
),

numbered as (
    select
        webinar_id,
        registrant_id,
        joined_at,
        left_at,
        sum(case when covered_until is null or joined_at > covered_until then 1 else 0 end) over (
            partition by webinar_id, registrant_id
            order by joined_at, left_at, segment
            rows between unbounded preceding and current row
        ) as span_number
    from covered
),

spans as (
    select
        webinar_id,
        registrant_id,
        span_number,
        min(joined_at) as joined_at,
        max(left_at) as left_at
    from numbered
    group by webinar_id, registrant_id, span_number
)

select
    webinar_id,
    registrant_id,
    count(*) as span_count,
    cast(round(sum({{ dbt.datediff('joined_at', 'left_at', 'second') }}) / 60.0) as integer) as attended_minutes,
    min(joined_at) as checked_in_at
from spans
group by webinar_id, registrant_id
