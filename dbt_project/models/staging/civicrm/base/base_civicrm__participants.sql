-- Registrations that count as such. A status belongs to a class (Positive, Pending, Waiting, Negative), and
-- organisations add statuses of their own: the class decides what the name does not.
with participant as (
    {{ raw_current('civicrm', 'participant') }}
),

named as (
    select
        *,
        coalesce(status_id_name, 'Registered') as status_name,
        coalesce(
            status_id_class,
            case
                when status_id_name in ('No-show', 'Cancelled', 'Rejected', 'Expired', 'Transferred') then 'Negative'
                when status_id_name in ('On waitlist', 'Awaiting approval') then 'Waiting'
                when status_id_name like 'Pending from %' or status_id_name = 'Pending in cart' then 'Pending'
                else 'Positive'
            end
        ) as status_class,
        -- When the status was seen to be what it is.
        coalesce(modified_date, _known_from) as changed_at
    from participant
    where not coalesce(is_test, false)
)

select
    id as participant_key,
    cast(id as varchar) as participant_id,
    cast(event_id as varchar) as event_id,
    cast(contact_id as varchar) as contact_id,
    registered_by_id,
    coalesce(register_date, created_date, _first_known_at) as registered_at,
    changed_at,
    status_name = 'Attended' as has_attended,
    status_name = 'No-show' as is_no_show,
    case
        when status_name in ('Attended', 'No-show') then 'registered'
        when status_name = 'Expired' then 'expired'
        when status_class = 'Negative' then 'cancelled'
        else 'registered'
    end as status,
    fee_amount,
    fee_currency,
    _first_known_at as known_at
from named
where
    status_class <> 'Waiting'
    -- Begun and never finished: nobody was registered.
    and status_name not in ('Pending in cart', 'Pending from incomplete transaction')
