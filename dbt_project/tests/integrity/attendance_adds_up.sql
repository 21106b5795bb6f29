-- Everybody expected or there is in exactly one count of each slice, and every ticket in one person.
with metric as (
    select
        slice_name,
        sum(denominator + walk_ins + excluded_unknown + excluded_cancelled + excluded_expired
            + excluded_event_cancelled + still_open) as counted,
        sum(people) as people
    from {{ ref('metric_event_attendance') }}
    group by slice_name
),

expected as (
    select
        count(*) as people,
        sum(attendance.seats) as seats
    from {{ ref('fct_attendance') }} as attendance
    inner join {{ ref('dim_event') }} as events on attendance.event_key = events.event_key
    where events.start_date is not null
),

tickets as (
    select count(*) as seats
    from {{ ref('fct_event_registration') }} as registrations
    inner join {{ ref('dim_event') }} as events on registrations.event_key = events.event_key
    where events.start_date is not null and registrations.registered_at <= {{ as_of_timestamp() }}
)

select
    metric.slice_name as wrong,
    metric.counted,
    expected.people as expected
from metric
cross join expected
where metric.counted <> expected.people or metric.people <> expected.people
union all
select
    'tickets' as wrong,
    expected.seats as counted,
    tickets.seats as expected
from expected
cross join tickets
where coalesce(expected.seats, 0) <> tickets.seats
