-- One row per member: the engagement score of the as-of day, the band of the day scored before it, and
-- what became of the raw score in 90 days.
with scores as (

    select
        *,
        lag(engagement_band) over (partition by member_key order by scored_on_date)
            as prev_engagement_band
    from {{ ref('fct_engagement_score') }}

),

raws as (

    select * from {{ ref('int_engagement__raw') }}
    where measured_on_date = {{ add_days(as_of_date(), -90) }}

)

select
    scores.member_key,
    scores.weights_version,
    scores.peer_group,
    scores.peer_count,
    scores.engagement_raw,
    coalesce(raws.raw, 0) as engagement_raw_90d_before,
    scores.engagement_score,
    scores.engagement_band,
    scores.prev_engagement_band,
    scores.engagement_raw / nullif(raws.raw, 0) as engagement_trend,
    scores.scored_on_date
from scores
left join raws on scores.member_key = raws.member_key
where scores.is_current
