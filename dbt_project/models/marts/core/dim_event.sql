-- One row per event, whatever system announced it.
with events as (
    select * from {{ ref('conformed__events') }}
)

select
    {{ surrogate_key(['source_system', 'source_event_id']) }} as event_key,
    source_system,
    source_event_id,
    event_name,
    event_kind,
    modality,
    currency_code,
    case
        {%- for kind, experience in var('event_experience_types').items() %}
        when lower(event_kind) = '{{ kind }}'
            then {% if experience == 'odyssey' -%}
                case when modality = 'online' then 'trek' else 'odyssey' end
            {%- else %}'{{ experience }}'{% endif %}
        {%- endfor %}
    end as experience_type,
    has_capture,
    is_cancelled,
    {{ local_date('starts_at') }} as start_date,
    starts_at,
    ends_at,
    known_at
from events
