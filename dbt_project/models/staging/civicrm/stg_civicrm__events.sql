with civi_event as (
    {{ raw_current('civicrm', 'event') }}
),

participants as (
    select * from {{ ref('base_civicrm__participants') }}
),

captured as (
    select
        event_id,
        {{ dbt.bool_or('has_attended') }} as was_attended
    from participants
    where has_attended or is_no_show
    group by event_id
)

select
    cast(civi_event.id as varchar) as source_event_id,
    civi_event.title as event_name,
    lower(civi_event.event_type_id_name) as event_kind,
    cast(null as varchar) as modality,
    civi_event.start_date as starts_at,
    coalesce(civi_event.end_date, civi_event.start_date) as ends_at,
    -- A first "Attended" or "No-show" shows that attendance is recorded.
    captured.event_id is not null as has_capture,
    -- CiviCRM has one switch for "disabled" and "cancelled"; where people came, it took place.
    not coalesce(civi_event.is_active, true) and not coalesce(captured.was_attended, false) as is_cancelled,
    upper(coalesce(civi_event.currency, '{{ var("currency") }}')) as currency_code,
    civi_event._first_known_at as known_at
from civi_event
left join captured on cast(civi_event.id as varchar) = captured.event_id
where not coalesce(civi_event.is_template, false)
