-- A cancellation without a day counts from when the record first said so.
with membership_term as (
    {{ raw_current('salesforce', 'membership_term') }}
),

versions as (
    {{ raw_history('salesforce', 'membership_term') }}
),

winners as (
    select * from {{ ref('base_salesforce__merges') }}
),

cancelled as (
    select
        id as term_id,
        min(coalesce(modified_at, _known_from)) as cancelled_at
    from versions
    where lower(status) like '%cancel%'
    group by id
),

owned as (
    select
        membership_term.id as term_id,
        membership_term.membership_id,
        coalesce(people.winner_id, membership_term.contact_id, accounts.winner_id, membership_term.account_id)
            as record_id,
        coalesce(membership_term.plan_id, membership_term.plan_name) as plan_id,
        case when membership_term.plan_id is null then membership_term.plan_name end as plan_name,
        upper(coalesce(membership_term.currency, '{{ var("currency") }}')) as currency_code,
        membership_term.amount,
        coalesce(membership_term.is_auto_renew, false) as is_auto_renew,
        membership_term.start_date,
        membership_term.end_date,
        coalesce(membership_term.committed_on, membership_term.start_date) as committed_date,
        case
            when membership_term.cancelled_on is not null then membership_term.cancelled_on
            when lower(membership_term.status) like '%cancel%' then {{ local_date('cancelled.cancelled_at') }}
        end as cancelled_date,
        membership_term._first_known_at as known_at
    from membership_term
    left join cancelled on membership_term.id = cancelled.term_id
    left join winners as people on membership_term.contact_id = people.merged_id
    left join winners as accounts on membership_term.account_id = accounts.merged_id
    where
        membership_term.start_date is not null
        and (membership_term.end_date is null or membership_term.end_date >= membership_term.start_date)
        and coalesce(membership_term.is_granted, true)
        and coalesce(lower(membership_term.status), '') not in ('draft', 'pending')
),

ended as (
    select
        *,
        coalesce(membership_id, record_id) as group_id,
        -- A membership's cancellation touches neither the terms it had run through nor those bought later.
        case
            when cancelled_date >= committed_date and cancelled_date < start_date then start_date
            when cancelled_date >= committed_date and (end_date is null or cancelled_date <= end_date)
                then cancelled_date
        end as resigned_date
    from owned
    where record_id is not null
),

followed as (
    select
        *,
        max(coalesce({{ add_days('resigned_date', -1) }}, end_date, cast('9999-12-31' as date))) over (
            partition by group_id
            order by start_date, term_id
            rows between unbounded preceding and 1 preceding
        ) as covered_until_date
    from ended
)

select
    term_id,
    -- Terms at the same time are no steps of one membership: the later one is a membership of its own.
    case when start_date <= covered_until_date then term_id else group_id end as membership_id,
    record_id,
    plan_id,
    plan_name,
    currency_code,
    {{ to_minor('amount', 'currency_code') }} as amount_minor,
    is_auto_renew,
    start_date,
    end_date,
    committed_date,
    resigned_date,
    known_at
from followed
