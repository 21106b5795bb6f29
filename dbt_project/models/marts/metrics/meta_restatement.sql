-- One row per change of a value that was mature when it was published. Rows are never taken back.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Restatement".
with previous as (

    select * from {{ ref('int_metric_values__previous') }}

),

current_values as (

    select * from {{ ref('int_metric_values') }}

),

noted as (

    select * from {{ ref('int_restatements__previous') }}

),

touchpoints as (

    select * from {{ ref('fct_touchpoint') }}

),

published as (

    select
        max(as_of_date) as as_of_date,
        max(known_until) as known_until
    from previous

),

-- what had happened when the values were published, and was heard of only afterwards
late as (

    select
        max(touchpoints.touch_date) as last_of_any,
        {%- for kind, words in {
            'membership': ['membership', 'payment'], 'case': ['case'], 'survey': ['survey']
        }.items() %}
        max(
            case
                when
                    {%- for word in words %}
                    {{ 'or ' if not loop.first }}touchpoints.activity like '{{ word }}%'
                    {%- endfor %}
                    then touchpoints.touch_date
            end
        ) as last_of_{{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    from touchpoints
    cross join published
    where
        touchpoints.known_at > published.known_until
        and touchpoints.touch_date <= published.as_of_date

),

changed as (

    select
        previous.metric,
        previous.slice_name,
        previous.slice_value,
        case
            when current_values.definition_version <> previous.definition_version
                then 'definition_changed'
            when
                case
                    when previous.metric like 'resolution%' then late.last_of_case
                    when previous.metric like 'nps%' then late.last_of_survey
                    when previous.metric = 'onboarding' then late.last_of_any
                    else late.last_of_membership
                end >= previous.period_start
                then 'late_data'
            else 'unknown'
        end as reason,
        previous.definition_version as published_definition_version,
        current_values.definition_version as new_definition_version,
        previous.value as published_value,
        current_values.value as new_value,
        previous.period_start,
        previous.period_end,
        previous.published_since,
        {{ as_of_date() }} as restated_on
    from previous
    left join current_values
        on
            previous.metric = current_values.metric
            and previous.slice_name = current_values.slice_name
            and previous.slice_value = current_values.slice_value
            and previous.period_start = current_values.period_start
    cross join late
    where {{ differs('previous.value', 'current_values.value') }}

)

select
    restatement_id,
    metric,
    slice_name,
    slice_value,
    reason,
    published_definition_version,
    new_definition_version,
    published_value,
    new_value,
    period_start,
    period_end,
    published_since,
    restated_on
from noted
union all
select
    {{ surrogate_key(
        ['metric', 'slice_name', 'slice_value', 'period_start', 'published_value', 'new_value', 'restated_on']
    ) }} as restatement_id,
    metric,
    slice_name,
    slice_value,
    reason,
    published_definition_version,
    new_definition_version,
    published_value,
    new_value,
    period_start,
    period_end,
    published_since,
    restated_on
from changed
