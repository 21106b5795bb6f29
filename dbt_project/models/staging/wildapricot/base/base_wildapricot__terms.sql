-- One term for every renewal date seen on a contact, each later than those before it. What came before
-- the first one seen is a single term since the contact became a member.
with contacts as (
    select * from {{ ref('base_wildapricot__contacts') }}
),

levels as (
    select * from {{ ref('base_wildapricot__levels') }}
    where known_to is null
),

versions as (
    {{ raw_history('wildapricot', 'contact') }}
),

seen as (
    select
        id,
        cast(membership_level_id as varchar) as level_id,
        renewal_due,
        renewal_changed_at,
        _known_from as known_from,
        row_number() over (partition by id, renewal_due order by _known_from) as version_position,
        max(renewal_due) over (
            partition by id order by _known_from rows between unbounded preceding and 1 preceding
        ) as latest_due_before
    from versions
    where membership_level_id is not null and coalesce(status, '') <> 'PendingNew'
),

dues as (
    select
        *,
        lag(renewal_due) over (partition by id order by known_from) as previous_due
    from seen
    where
        version_position = 1
        and (latest_due_before is null or renewal_due is null or renewal_due > latest_due_before)
),

dated as (
    select
        contacts.contact_id,
        dues.level_id,
        dues.renewal_due,
        dues.previous_due,
        contacts.member_since_date,
        {{ local_date('dues.renewal_changed_at') }} as changed_date,
        {{ local_date('dues.known_from') }} as known_date,
        case
            when dues.renewal_due is not null and levels.term_months is not null
                then cast({{ dbt.dateadd('month', '-levels.term_months', 'dues.renewal_due') }} as date)
        end as counted_date,
        levels.is_recurring,
        levels.renewal_model,
        dues.known_from as known_at
    from dues
    inner join contacts on dues.id = contacts.id
    left join levels on dues.level_id = levels.level_id
)

select
    contact_id,
    level_id,
    renewal_due,
    member_since_date,
    changed_date,
    previous_due is null as is_first,
    is_recurring,
    known_at,
    case
        when previous_due is not null and previous_due >= coalesce(counted_date, previous_due) then previous_due
        when counted_date is null then coalesce(member_since_date, changed_date, known_date)
        when counted_date < member_since_date then member_since_date
        else counted_date
    end as start_date,
    case
        when renewal_model = 'lifetime' then cast(null as date)
        else {{ add_days('renewal_due', -1) }}
    end as end_date
from dated
