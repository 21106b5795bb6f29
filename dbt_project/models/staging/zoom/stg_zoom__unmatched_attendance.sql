with stays as (
    select * from {{ ref('base_zoom__stays') }}
)

select
    cast(webinar_id as varchar) as source_event_id,
    count(*) as stay_count,
    count(distinct participant_mark) as participant_count
from stays
where registrant_id is null
group by webinar_id
