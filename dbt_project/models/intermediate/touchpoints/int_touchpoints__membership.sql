{{ config(materialized='view') }}
-- Touchpoints from terms and membership changes. The first term a person commits to, or one that
-- begins after the time in which a return is a reinstatement, is joining; any other is renewing.
with terms as (
    select * from {{ ref('conformed__membership_terms') }}
),

changes as (
    select * from {{ ref('conformed__membership_changes') }}
),

plans as (
    select * from {{ ref('conformed__plans') }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
),

owned as (
    select
        terms.source_term_id,
        terms.source_record_id,
        terms.source_system,
        terms.committed_date,
        terms.start_date,
        terms.known_at,
        coalesce(plans.reinstate_days, {{ var('reinstate_days') }}) as reinstate_days,
        max(coalesce(terms.end_date, cast('9999-12-31' as date))) over (
            partition by coalesce(current_map.member_key, terms.source_term_id)
            order by terms.start_date, terms.source_system, terms.source_term_id
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from terms
    left join plans
        on terms.source_system = plans.source_system and terms.source_plan_id = plans.source_plan_id
    left join current_map
        on
            terms.source_system = current_map.source_system
            and terms.source_record_id = current_map.source_record_id
),

steps as (
    select
        case
            when covered_until is null then 'membership_joined'
            when {{ dbt.datediff('covered_until', 'start_date', 'day') }} - 1 > reinstate_days then 'membership_joined'
            else 'membership_renewed'
        end as activity,
        source_term_id as source_id,
        source_record_id,
        source_system,
        committed_date as occurred_date,
        known_at
    from owned
    union all
    select
        case change_type
            when 'application_opened' then 'membership_application'
            else 'membership_resigned'
        end as activity,
        source_change_id as source_id,
        source_record_id,
        source_system,
        change_date as occurred_date,
        known_at
    from changes
    where change_type in ('application_opened', 'resigned')
)

select
    activity,
    source_id,
    source_record_id,
    source_system,
    cast(null as varchar) as source_event_id,
    cast(null as varchar) as source_case_id,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as channel,
    cast(null as varchar) as department,
    cast(null as varchar) as actor_type,
    cast(null as varchar) as purpose,
    cast(null as boolean) as is_bot,
    false as is_bad,
    {{ day_start_utc('occurred_date') }} as occurred_at,
    known_at
from steps
