with invoice as (
    {{ raw_current('wildapricot', 'invoice') }}
)

select
    *,
    case
        when order_type like 'Membership%' then 'dues'
        when order_type = 'EventRegistration' then 'event'
        when order_type = 'Donation' then 'donation'
        else 'other'
    end as purpose
from invoice
