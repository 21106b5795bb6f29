with donation as (
    {{ raw_current('actionnetwork', 'donation') }}
)

select
    id as source_payment_id,
    'payment' as kind,
    person_id as source_record_id,
    cast(null as varchar) as source_invoice_id,
    cast(null as varchar) as parent_payment_id,
    {{ to_minor('amount', "coalesce(currency, '" ~ var('currency') ~ "')") }} as amount_minor,
    cast(null as bigint) as attempted_minor,
    upper(coalesce(currency, '{{ var("currency") }}')) as currency_code,
    created_date as occurred_at,
    lower(method) as method,
    'donation' as purpose,
    _first_known_at as known_at
from donation
where amount is not null
