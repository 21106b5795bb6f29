-- One row per person and scored day: the percentile of the raw score among the peers. The peer group
-- is the narrowest one with enough members; a wider one holds all its members, also those who
-- have a narrower group of their own.
{{ config(materialized='view') }}
{%- set levels = ['channel', 'tenure', 'plan', 'all'] %}
with measured as (

    select * from {{ ref('int_engagement__measured') }}

),

counted as (

    select
        measured_on_date,
        peers_of_all,
        peers_of_plan,
        peers_of_tenure,
        peers_of_channel,
        sum(count(*)) over (partition by measured_on_date, peers_of_tenure) as tenure_count,
        sum(count(*)) over (partition by measured_on_date, peers_of_plan) as plan_count,
        count(*) as channel_count
    from measured
    group by measured_on_date, peers_of_all, peers_of_plan, peers_of_tenure, peers_of_channel

),

chosen as (

    select
        *,
        case
            when channel_count >= {{ var('engagement_peer_minimum') }} then peers_of_channel
            when tenure_count >= {{ var('engagement_peer_minimum') }} then peers_of_tenure
            when plan_count >= {{ var('engagement_peer_minimum') }} then peers_of_plan
            else peers_of_all
        end as peer_group
    from counted

),

used as (

    select distinct
        measured_on_date,
        peer_group
    from chosen

),

-- a member is ranked in every group that somebody is compared with
ranked as (

    {%- for level in levels %}
    select
        measured.member_key,
        measured.raw,
        measured.peers_of_channel,
        used.peer_group,
        measured.measured_on_date
    from measured
    inner join used
        on
            measured.measured_on_date = used.measured_on_date
            and measured.peers_of_{{ level }} = used.peer_group
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

percentiles as (

    select
        *,
        percent_rank() over (
            partition by measured_on_date, peer_group
            order by raw
        ) as percentile,
        count(*) over (partition by measured_on_date, peer_group) as peer_count
    from ranked

)

select
    percentiles.member_key,
    percentiles.peer_group,
    cast(percentiles.peer_count as integer) as peer_count,
    percentiles.raw,
    cast(100 * percentiles.percentile as decimal(5, 2)) as score,
    percentiles.measured_on_date
from percentiles
inner join chosen
    on
        percentiles.measured_on_date = chosen.measured_on_date
        and percentiles.peers_of_channel = chosen.peers_of_channel
        and percentiles.peer_group = chosen.peer_group
