-- One row per first-ever join, attribution model and touch that gets credit for it.
-- Of a join that nothing was seen before, each model has one row of the channel "unknown".
{%- set models = {
    'first': 'case when touch_no = 1 then 1 else 0 end',
    'last_non_direct': 'case when touch_no = coalesce(last_known_no, touches) then 1 else 0 end',
    'u_shaped': 'case
            when touches = 1 then 1
            when touches = 2 then 0.5
            when touch_no in (1, touches) then 0.4
            else 0.2 / (touches - 2)
        end',
    'time_decay': 'decay_weight / sum(decay_weight) over (partition by member_key)',
} %}
with touched as (

    select * from {{ ref('int_joins__touched') }}

),

credited as (
    {%- for model, credit in models.items() %}

    select
        '{{ model }}' as attribution_model,
        member_key,
        join_date,
        touchpoint_id,
        activity,
        channel,
        department,
        campaign_id,
        touch_no,
        touches,
        days_before,
        case when touches = 0 then 1 else cast({{ credit }} as double precision) end as credit
    from touched
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    {{ surrogate_key(['member_key', 'attribution_model', 'touchpoint_id']) }} as attribution_id,
    member_key,
    attribution_model,
    touchpoint_id,
    coalesce(activity, 'unknown') as activity,
    coalesce(channel, 'unknown') as channel,
    coalesce(department, 'unknown') as department,
    campaign_id,
    case when touches > 0 then cast(touch_no as integer) end as touch_position,
    cast(touches as integer) as touches,
    days_before as days_before_join,
    cast(credit as double precision) as credit,
    join_date
from credited
where credit > 0
