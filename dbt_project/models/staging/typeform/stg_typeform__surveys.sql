-- The score is the number given to the form's score question, as the settings choose it today.
with response as (
    {{ raw_current('typeform', 'response') }}
),

answer as (
    {{ raw_current('typeform', 'answer') }}
),

form as (
    {{ raw_current('typeform', 'form') }}
)

select
    response.id as source_response_id,
    response.id as source_record_id,
    coalesce(form.survey_code, response.form_id) as survey_code,
    form.lifecycle_point,
    cast(answer.number as decimal(9, 2)) as score,
    response.submitted_at as responded_at,
    response._first_known_at as known_at
from response
left join form on response.form_id = form.id
left join answer on response.id = answer.response and form.score_field = answer.field_id
