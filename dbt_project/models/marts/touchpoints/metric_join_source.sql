-- One row per attribution model, slice (channel or campaign) and its value: the joins credited to it and
-- how many of them lasted the first year. Credits are fractions, so the interval is approximate.
{%- set first_year = var('first_year_days') + var('grace_days') %}
with credits as (

    select * from {{ ref('fct_join_attribution') }}

),

joins as (

    select
        member_key,
        case
            when has_left and observed_days <= {{ first_year }} then 'lost'
            when observed_days >= {{ first_year }} then 'kept'
            when {{ days_between('join_date', as_of_date()) }} <= {{ first_year }} then 'open'
            else 'not_observed'
        end as first_year
    from {{ ref('int_first_joins') }}

),

sliced as (
    {%- for slice, value in {
        'channel': 'credits.channel',
        'campaign': "coalesce(credits.campaign_id, 'none')",
    }.items() %}

    select
        credits.attribution_model,
        '{{ slice }}' as slice_name,
        {{ value }} as slice_value,
        credits.member_key,
        coalesce(joins.first_year, 'not_observed') as first_year,
        credits.credit
    from credits
    left join joins on credits.member_key = joins.member_key
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        attribution_model,
        slice_name,
        slice_value,
        count(distinct member_key) as joins_touched,
        sum(credit) as joins_credited,
        sum(case when first_year in ('kept', 'lost') then credit else 0 end) as denominator,
        sum(case when first_year = 'kept' then credit else 0 end) as numerator,
        sum(case when first_year = 'open' then credit else 0 end) as still_open,
        sum(case when first_year = 'not_observed' then credit else 0 end) as excluded_not_observed
    from sliced
    group by attribution_model, slice_name, slice_value

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    attribution_model,
    slice_name,
    slice_value,
    joins_touched,
    joins_credited,
    denominator,
    numerator,
    still_open,
    excluded_not_observed,
    {{ share('numerator', 'denominator') }} as value,
    {{ wilson_bound('numerator', 'denominator', 'low') }} as lo,
    {{ wilson_bound('numerator', 'denominator', 'high') }} as hi,
    still_open = 0 as is_mature,
    {{ as_of_date() }} as as_of_date
from counted
