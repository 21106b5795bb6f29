-- A rating knows good and bad only: they stand at the ends of the usual scale of 0 to 10.
with rating as (
    {{ raw_current('zendesk', 'satisfaction_rating') }}
)

select
    cast(id as varchar) as source_response_id,
    cast(requester_id as varchar) as source_record_id,
    'csat' as survey_code,
    cast(null as varchar) as lifecycle_point,
    case score when 'good' then 10 when 'bad' then 0 end as score,
    coalesce(updated_at, created_at) as responded_at,
    _first_known_at as known_at
from rating
where score in ('good', 'bad')
