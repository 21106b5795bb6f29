-- One row per first-ever join and thing the person did in the 180 days before (var attribution_days).
-- The moment of joining is the first payment of dues on the day of commitment; where no payment tells
-- it, the day's begin, so that nothing done after joining is ever counted. The steps of joining itself
-- led to nothing.
with joins as (

    select
        member_key,
        coalesce(committed_date, start_date) as join_date
    from {{ ref('fct_membership_term') }}
    where term_number = 1 and not is_test

),

payments as (

    select * from {{ ref('fct_payment') }}
    where kind = 'payment' and purpose = 'dues'

),

touchpoints as (

    select * from {{ ref('fct_touchpoint') }}
    where
        is_member_initiated
        and activity not in (
            'membership_application', 'membership_joined', 'membership_renewed', 'membership_resigned',
            'payment_made', 'payment_disputed', 'event_cancelled', 'email_unsubscribed'
        )

),

timed as (

    select
        joins.member_key,
        joins.join_date,
        coalesce(min(payments.occurred_at), {{ day_start_utc('joins.join_date') }}) as joined_at
    from joins
    left join payments
        on
            joins.member_key = payments.member_key
            and joins.join_date = payments.occurred_date
    where joins.join_date <= {{ as_of_date() }}
    group by joins.member_key, joins.join_date

),

touched as (

    select
        timed.member_key,
        timed.join_date,
        touchpoints.touchpoint_id,
        touchpoints.activity,
        touchpoints.channel,
        touchpoints.department,
        touchpoints.campaign_id,
        touchpoints.activity in ({{ quoted_list(var('direct_activities')) }})
        and touchpoints.campaign_id is null as is_direct,
        cast({{ dbt.datediff('touchpoints.occurred_at', 'timed.joined_at', 'second') }} as double precision)
        / 86400 as days_before,
        row_number() over (
            partition by timed.member_key
            order by touchpoints.occurred_at, touchpoints.touchpoint_id
        ) as touch_no
    from timed
    left join touchpoints
        on
            timed.member_key = touchpoints.member_key
            and touchpoints.occurred_at < timed.joined_at
            and touchpoints.occurred_at
            >= {{ dbt.dateadd('day', 0 - var('attribution_days'), 'timed.joined_at') }}

)

select
    *,
    count(touchpoint_id) over (partition by member_key) as touches,
    max(case when not is_direct then touch_no end) over (partition by member_key) as last_known_no,
    power(0.5, days_before / {{ var('attribution_half_life_days') }}) as decay_weight
from touched
