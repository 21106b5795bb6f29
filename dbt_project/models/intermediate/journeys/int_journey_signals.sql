-- One row per journey version, rule of it, person, subject and moment at which the rule's signal was
-- given, up to the as-of moment. Subject = the spell, term, event or case; null = not said.
with rules as (

    select * from {{ ref('int_journey_rules') }}

),

touchpoints as (

    select * from {{ ref('fct_touchpoint') }}
    where member_key is not null

),

events as (

    select * from {{ ref('conformed__events') }}

),

milestones as (

    select * from {{ ref('int_journey_milestones') }}

),

given as (

    select
        touchpoints.member_key,
        rules.journey_id,
        rules.journey_version,
        rules.subject_kind,
        rules.rule_role,
        rules.stage_no,
        rules.days_after,
        cast(null as varchar) as spell_id,
        cast(null as varchar) as term_id,
        {{ dbt.concat(['touchpoints.source_system', "':'", 'touchpoints.source_event_id']) }} as event_id,
        {{ dbt.concat(['touchpoints.source_system', "':'", 'touchpoints.source_case_id']) }} as case_id,
        touchpoints.occurred_at
    from touchpoints
    inner join rules on touchpoints.activity = rules.activity
    left join events
        on
            touchpoints.source_system = events.source_system
            and touchpoints.source_event_id = events.source_event_id
    where
        (rules.purpose is null or rules.purpose = touchpoints.purpose)
        and (rules.department is null or rules.department = touchpoints.department)
        and (rules.channel is null or rules.channel = touchpoints.channel)
        and (rules.event_kind is null or rules.event_kind = events.event_kind)
    union all
    select
        milestones.member_key,
        rules.journey_id,
        rules.journey_version,
        rules.subject_kind,
        rules.rule_role,
        rules.stage_no,
        rules.days_after,
        milestones.spell_id,
        milestones.term_id,
        milestones.event_id,
        cast(null as varchar) as case_id,
        milestones.occurred_at
    from milestones
    inner join rules on milestones.milestone = rules.milestone
    left join events
        on milestones.event_id = {{ dbt.concat(['events.source_system', "':'", 'events.source_event_id']) }}
    where rules.event_kind is null or rules.event_kind = events.event_kind

),

placed as (

    select
        member_key,
        journey_id,
        journey_version,
        rule_role,
        stage_no,
        case subject_kind
            when 'member' then member_key
            when 'spell' then spell_id
            when 'term' then term_id
            when 'event' then event_id
            when 'case' then case_id
        end as subject_id,
        case
            when days_after = 0 then occurred_at
            else {{ day_start_utc(add_days(local_date('occurred_at'), 'days_after')) }}
        end as signal_at
    from given

)

select distinct
    member_key,
    journey_id,
    journey_version,
    rule_role,
    stage_no,
    subject_id,
    signal_at
from placed
where signal_at < {{ as_of_timestamp() }}
