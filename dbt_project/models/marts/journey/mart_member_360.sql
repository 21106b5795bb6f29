-- One row per person: everything a segment rule may ask, as of one day.
with members as (

    select * from {{ ref('dim_member') }}
    where is_current

),

current_stages as (

    select * from {{ ref('fct_lifecycle_stage_history') }}
    where valid_to is null

),

lives as (

    select * from {{ ref('int_stage_lives') }}

),

standing as (

    select * from {{ ref('int_member__standing') }}

),

touched as (

    select * from {{ ref('int_member__touched') }}

),

served as (

    select * from {{ ref('int_member__served') }}

),

engagement as (

    select * from {{ ref('mart_member_engagement') }}

),

contacted as (

    select * from {{ ref('int_member__contacted') }}

),

experienced as (

    select * from {{ ref('int_member__experienced') }}

),

journeys as (

    select * from {{ ref('int_member__journeys') }}

)

select
    members.member_key,
    current_stages.stage,
    current_stages.stage_label,
    current_stages.valid_from as stage_since_date,
    cast({{ days_between('current_stages.valid_from', as_of_date()) }} as integer) as days_in_stage,
    current_stages.prev_stage,
    current_stages.reason as stage_reason,
    {{ stage_owner_team('current_stages.stage') }} as owner_team,
    coalesce(
        standing.is_in_term and current_stages.stage not in ('deceased', 'erased'), false
    ) as is_active_member,
    standing.plan_code,
    standing.plan_name,
    standing.renewal_model,
    standing.term_id,
    standing.term_number,
    standing.term_start_date,
    standing.term_end_date,
    cast({{ days_between(as_of_date(), 'standing.term_end_date') }} as integer) as days_to_term_end,
    coalesce(standing.is_next_term_committed, false) as is_next_term_committed,
    coalesce(standing.is_auto_renew, false) as is_auto_renew,
    standing.spell_no,
    standing.spell_kind,
    standing.spell_start_date,
    cast({{ days_between('standing.spell_start_date', as_of_date()) }} as integer) as days_since_spell_start,
    cast(coalesce(standing.tenure_total_days, 0) as integer) as tenure_total_days,
    {{ tenure_band('standing.tenure_total_days') }} as tenure_band,
    standing.member_since_date,
    standing.exit_type,
    standing.exit_date,
    touched.last_touch_date,
    touched.last_meaningful_touch_date,
    cast({{ days_between('touched.last_meaningful_touch_date', as_of_date()) }} as integer)
        as days_since_meaningful_touch,
    cast(coalesce(touched.meaningful_touches_90d, 0) as integer) as meaningful_touches_90d,
    cast(coalesce(touched.value_events_since_spell_start, 0) as integer) as value_events_since_spell_start,
    touched.first_value_event_date,
    served.welcome_sent_date,
    cast(coalesce(touched.events_attended_12m, 0) as integer) as events_attended_12m,
    cast(coalesce(touched.no_shows_12m, 0) as integer) as no_shows_12m,
    cast(coalesce(served.open_cases, 0) as integer) as open_cases,
    served.last_survey_score,
    touched.last_payment_date,
    touched.last_failed_payment_date,
    cast(coalesce(touched.emails_sent_30d, 0) as integer) as emails_sent_30d,
    cast(coalesce(touched.emails_clicked_90d, 0) as integer) as emails_clicked_90d,
    cast(coalesce(contacted.messages_7d, 0) as integer) as messages_7d,
    cast(coalesce(contacted.messages_30d, 0) as integer) as messages_30d,
    coalesce(contacted.contact_fatigue, false) as contact_fatigue,
    coalesce(experienced.transactional_only_12m, false) as transactional_only_12m,
    experienced.last_odyssey_date,
    cast(coalesce(served.systems_seen, 0) as integer) as systems_seen,
    engagement.engagement_score,
    engagement.engagement_band,
    engagement.engagement_trend,
    cast(coalesce(journeys.open_journeys, 0) as integer) as open_journeys,
    journeys.next_action,
    journeys.next_action_owner,
    journeys.next_action_due_date,
    lives.first_seen_date,
    {{ as_of_date() }} as as_of_date
from members
inner join lives on members.member_key = lives.member_key
left join current_stages on members.member_key = current_stages.member_key
left join standing on members.member_key = standing.member_key
left join touched on members.member_key = touched.member_key
left join served on members.member_key = served.member_key
left join engagement on members.member_key = engagement.member_key
left join contacted on members.member_key = contacted.member_key
left join experienced on members.member_key = experienced.member_key
left join journeys on members.member_key = journeys.member_key
