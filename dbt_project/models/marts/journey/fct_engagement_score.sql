-- One row per member and scored day (the as-of day and the month-ends of the last year): how engaged
-- the member was, among peers.
{%- set bands = var('engagement_bands') %}
with scored as (

    select * from {{ ref('int_engagement__scored') }}

),

-- a band is held from a score that enters it until a score that leaves it: the last one counts
compared as (

    select
        *,
        {%- for one in bands[:-1] %}
        coalesce(
            max(case when score >= {{ one.enter }} then measured_on_date end) over so_far
            > coalesce(
                max(case when score < {{ one.leave }} then measured_on_date end) over so_far,
                cast('0001-01-01' as date)
            ),
            false
        ) as is_{{ one.band }}{{ ',' if not loop.last }}
        {%- endfor %}
    from scored
    window so_far as (
        partition by member_key
        order by measured_on_date
        rows between unbounded preceding and current row
    )

)

select
    member_key,
    '{{ var('engagement_weights_version') }}' as weights_version,
    peer_group,
    peer_count,
    raw as engagement_raw,
    score as engagement_score,
    case
        {%- for one in bands[:-1] %}
        when is_{{ one.band }} then '{{ one.band }}'
        {%- endfor %}
        else '{{ bands[-1].band }}'
    end as engagement_band,
    measured_on_date = {{ as_of_date() }} as is_current,
    measured_on_date as scored_on_date
from compared
