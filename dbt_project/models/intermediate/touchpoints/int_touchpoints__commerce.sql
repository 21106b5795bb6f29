{{ config(materialized='view') }}
-- Touchpoints from registrations and payments. Check-ins and no-shows follow from the registration.
-- Nobody records when an event was called off: the day it would have begun stands for it.
with registrations as (
    select * from {{ ref('fct_event_registration') }}
),

payments as (
    select * from {{ ref('fct_payment') }}
),

registration_steps as (
    select
        'event_registered' as activity,
        source_registration_id as source_id,
        member_key,
        source_system,
        source_event_id,
        modality,
        registered_at as occurred_at,
        known_at
    from registrations
    union all
    select
        'event_cancelled' as activity,
        source_registration_id as source_id,
        member_key,
        source_system,
        source_event_id,
        modality,
        cancelled_at as occurred_at,
        known_at
    from registrations
    where cancelled_at is not null
    union all
    select
        'event_attended' as activity,
        source_registration_id as source_id,
        member_key,
        source_system,
        source_event_id,
        modality,
        checked_in_at as occurred_at,
        known_at
    from registrations
    where checked_in_at is not null
    union all
    select
        'event_no_show' as activity,
        source_registration_id as source_id,
        member_key,
        source_system,
        source_event_id,
        modality,
        event_ends_at as occurred_at,
        known_at
    from registrations
    where attendance = 'no_show'
    union all
    select
        'event_called_off' as activity,
        source_registration_id as source_id,
        member_key,
        source_system,
        source_event_id,
        modality,
        event_starts_at as occurred_at,
        known_at
    from registrations
    where attendance = 'event_cancelled' and event_starts_at is not null
)

select
    activity,
    source_id,
    member_key,
    source_system,
    source_event_id,
    cast(null as varchar) as source_case_id,
    cast(null as varchar) as campaign_id,
    case when activity in ('event_attended', 'event_no_show') then modality end as channel,
    cast(null as varchar) as department,
    cast(null as varchar) as actor_type,
    cast(null as varchar) as purpose,
    cast(null as varchar) as currency_code,
    cast(null as bigint) as revenue_minor,
    cast(null as boolean) as is_bot,
    false as is_bad,
    occurred_at,
    known_at
from registration_steps
union all
select
    case kind
        when 'payment' then 'payment_made'
        when 'refund' then 'payment_refunded'
        when 'chargeback' then 'payment_disputed'
        else 'payment_failed'
    end as activity,
    source_payment_id as source_id,
    member_key,
    source_system,
    cast(null as varchar) as source_event_id,
    cast(null as varchar) as source_case_id,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as channel,
    cast(null as varchar) as department,
    cast(null as varchar) as actor_type,
    purpose,
    currency_code,
    amount_minor as revenue_minor,
    cast(null as boolean) as is_bot,
    false as is_bad,
    occurred_at,
    known_at
from payments
