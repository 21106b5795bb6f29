-- One row per case and unbroken time in one status.
-- Some sources tell every step of a case; of the others only the ends are known. Between a first and a
-- later resolution, and after one that did not last, such a case is `unknown`.
with cases as (
    select distinct
        source_system,
        source_case_id,
        status,
        reopened_count,
        received_at,
        first_resolved_at,
        last_resolved_at
    from {{ ref('conformed__cases') }}
),

steps as (
    select
        source_system,
        source_case_id,
        activity,
        occurred_at
    from {{ ref('conformed__activities') }}
    where activity in ('case_resolved', 'case_reopened') and source_case_id is not null
),

stepped as (
    select distinct
        source_system,
        source_case_id
    from steps
    where activity = 'case_resolved'
),

unstepped as (
    select cases.*
    from cases
    left join stepped
        on cases.source_system = stepped.source_system and cases.source_case_id = stepped.source_case_id
    where stepped.source_case_id is null
),

points as (
    select
        source_system,
        source_case_id,
        received_at as since_at,
        'open' as status,
        0 as step_order
    from cases
    union all
    select
        steps.source_system,
        steps.source_case_id,
        steps.occurred_at as since_at,
        case steps.activity when 'case_resolved' then 'resolved' else 'open' end as status,
        case steps.activity when 'case_resolved' then 2 else 1 end as step_order
    from steps
    inner join stepped
        on steps.source_system = stepped.source_system and steps.source_case_id = stepped.source_case_id
    union all
    select
        source_system,
        source_case_id,
        first_resolved_at as since_at,
        case when status = 'resolved' and reopened_count = 0 then 'resolved' else 'unknown' end as status,
        2 as step_order
    from unstepped
    where first_resolved_at is not null
    union all
    select
        source_system,
        source_case_id,
        last_resolved_at as since_at,
        'resolved' as status,
        3 as step_order
    from unstepped
    where status = 'resolved' and last_resolved_at is not null
),

-- of several steps at one moment the last one counts
ranked as (
    select
        *,
        row_number() over (
            partition by source_system, source_case_id, since_at
            order by step_order desc
        ) as from_last
    from points
    where since_at <= {{ as_of_timestamp() }}
),

compared as (
    select
        source_system,
        source_case_id,
        since_at,
        status,
        lag(status) over (partition by source_system, source_case_id order by since_at) as prev_status
    from ranked
    where from_last = 1
)

select
    {{ surrogate_key(['compared.source_system', 'compared.source_case_id']) }} as case_key,
    compared.source_system,
    compared.source_case_id,
    compared.status,
    case when stepped.source_case_id is null then 'ends' else 'steps' end as evidence,
    compared.since_at as valid_from,
    lead(compared.since_at) over (
        partition by compared.source_system, compared.source_case_id
        order by compared.since_at
    ) as valid_to
from compared
left join stepped
    on compared.source_system = stepped.source_system and compared.source_case_id = stepped.source_case_id
where compared.prev_status is null or compared.prev_status <> compared.status
