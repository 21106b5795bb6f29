-- One row per signal a service journey listens to and activity or milestone that gives it. A flag
-- stands for every activity of the catalogue that carries it.
with written as (

    {%- for rule in journey_rules() %}
    select
        '{{ rule.journey.id }}' as journey_id,
        {{ rule.journey.version }} as journey_version,
        '{{ rule.journey.per }}' as subject_kind,
        '{{ rule.role }}' as rule_role,
        {{ rule.stage_no }} as stage_no,
        {{ text_literal(rule.signal.activity) }} as activity,
        {{ text_literal(rule.signal.flag) }} as flag,
        {{ text_literal(rule.signal.milestone) }} as milestone,
        {{ text_literal(rule.signal.purpose) }} as purpose,
        {{ text_literal(rule.signal.department) }} as department,
        {{ text_literal(rule.signal.channel) }} as channel,
        {{ text_literal(rule.signal.event_kind) }} as event_kind,
        {{ rule.signal.days }} as days_after
    {{- '\n    union all' if not loop.last }}
    {%- else %}
    -- no journey is configured: an empty table of the same shape
    select
        '' as journey_id,
        0 as journey_version,
        '' as subject_kind,
        '' as rule_role,
        0 as stage_no,
        '' as activity,
        '' as flag,
        '' as milestone,
        '' as purpose,
        '' as department,
        '' as channel,
        '' as event_kind,
        0 as days_after
    from {{ ref('dim_activity') }}
    where 1 = 0
    {%- endfor %}

),

activities as (

    select * from {{ ref('dim_activity') }}

)

select
    written.journey_id,
    written.journey_version,
    written.subject_kind,
    written.rule_role,
    written.stage_no,
    coalesce(written.activity, activities.activity) as activity,
    written.milestone,
    written.purpose,
    written.department,
    written.channel,
    written.event_kind,
    written.days_after
from written
left join activities
    on
        (written.flag = 'meaningful' and activities.is_meaningful)
        or (written.flag = 'value_event' and activities.is_value_event)
        or (written.flag = 'advocacy' and activities.is_advocacy)
        or (written.flag = 'high_intent' and activities.is_high_intent)
        or (written.flag = 'member_initiated' and activities.is_member_initiated)
        or (written.flag = 'negative' and activities.is_negative)
