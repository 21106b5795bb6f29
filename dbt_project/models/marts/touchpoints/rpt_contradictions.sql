-- One row per month, rule, department and tenure band: how many messages contradicted something.
with contradictions as (

    select * from {{ ref('mart_contradiction') }}

)

select
    cast({{ dbt.date_trunc('month', 'sent_date') }} as date) as period_start,
    rule_code,
    department,
    tenure_band,
    count(distinct message_id) as messages,
    count(distinct member_key) as people
from contradictions
group by cast({{ dbt.date_trunc('month', 'sent_date') }} as date), rule_code, department, tenure_band
