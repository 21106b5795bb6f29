-- Tickets. A ticket is resolved when it becomes solved, or closed without having been solved before;
-- solved to closed is no second resolution. Its own metrics stand in where no change of status is known.
with ticket as (
    {{ raw_current('zendesk', 'ticket') }}
),

ticket_metric as (
    {{ raw_current('zendesk', 'ticket_metric') }}
),

ticket_event as (
    {{ raw_current('zendesk', 'ticket_event') }}
),

changes as (
    select
        ticket_id,
        created_at,
        case
            when
                status in ('solved', 'closed')
                and coalesce(previous_status, 'new') not in ('solved', 'closed')
                then 'resolved'
            when previous_status = 'solved' and status in ('new', 'open', 'pending', 'hold') then 'reopened'
        end as step
    from ticket_event
),

steps as (
    select
        ticket_id,
        min(case when step = 'resolved' then created_at end) as first_resolved_at,
        max(case when step = 'resolved' then created_at end) as last_resolved_at,
        sum(case when step = 'reopened' then 1 else 0 end) as reopened_count
    from changes
    group by ticket_id
)

select
    cast(ticket.id as varchar) as source_case_id,
    cast(ticket.requester_id as varchar) as source_record_id,
    ticket.case_type,
    ticket.created_at as received_at,
    coalesce(
        steps.first_resolved_at,
        {{ dbt.dateadd('minute', 'ticket_metric.first_resolution_minutes', 'ticket.created_at') }},
        ticket_metric.solved_at
    ) as first_resolved_at,
    coalesce(steps.last_resolved_at, ticket_metric.solved_at) as last_resolved_at,
    coalesce(steps.reopened_count, ticket_metric.reopens, 0) as reopened_count,
    case when ticket.status in ('solved', 'closed') then 'resolved' else 'open' end as status,
    ticket._first_known_at as known_at
from ticket
left join steps on ticket.id = steps.ticket_id
left join ticket_metric on ticket.id = ticket_metric.ticket_id
