with invoice as (
    {{ raw_current('stripe', 'invoice') }}
)

select
    id as invoice_id,
    customer as customer_id,
    case
        when {{ json_get('metadata', 'purpose') }} in ('dues', 'event', 'donation')
            then {{ json_get('metadata', 'purpose') }}
        else 'other'
    end as purpose,
    status,
    upper(currency) as currency_code,
    total as total_minor,
    amount_paid as paid_minor,
    created as issued_at,
    due_date as due_at,
    {{ unix_to_timestamp("cast(" ~ json_get('status_transitions', 'paid_at') ~ " as bigint)") }} as paid_at,
    _first_known_at as known_at
from invoice
