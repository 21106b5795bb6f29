-- One row per service case and kind of resolution (first, full), with how long it took or has taken.
-- A case of several people is one case. What is open on the as-of day has been watched until then.
with cases as (

    select
        source_system,
        source_case_id,
        min(received_at) as received_at,
        min(first_resolved_at) as first_resolved_at,
        max(last_resolved_at) as last_resolved_at,
        max(case_type) as case_type,
        max(case when status = 'resolved' then 1 else 0 end) as is_resolved
    from {{ ref('conformed__cases') }}
    where received_at < {{ as_of_timestamp() }}
    group by source_system, source_case_id

),

resolutions as (

    select
        source_system,
        source_case_id,
        case_type,
        received_at,
        'first' as resolution,
        first_resolved_at as resolved_at
    from cases
    union all
    -- a case opened again is not done, whatever was resolved before
    select
        source_system,
        source_case_id,
        case_type,
        received_at,
        'full' as resolution,
        case when is_resolved = 1 then coalesce(last_resolved_at, first_resolved_at) end as resolved_at
    from cases

),

watched as (

    select
        *,
        case when resolved_at <= {{ as_of_timestamp() }} then 1 else 0 end as was_resolved,
        case
            when resolved_at <= {{ as_of_timestamp() }} then resolved_at
            else {{ as_of_timestamp() }}
        end as watched_until
    from resolutions

)

select
    source_system,
    source_case_id,
    coalesce(case_type, 'unknown') as case_type,
    resolution,
    was_resolved,
    -- never less than nothing: some systems know only the day of receipt, others a minute
    greatest({{ dbt.datediff('received_at', 'watched_until', 'second') }}, 0) as seconds,
    coalesce(case_type, 'unknown') in (
        '{{ var('resolution_excluded_case_types') | join("', '") }}'
    ) as is_excluded,
    cast({{ dbt.date_trunc('month', local_date('received_at')) }} as date) as period_start
from watched
