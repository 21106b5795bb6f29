with account as (
    {{ raw_current('wildapricot', 'account') }}
)

select coalesce(max(upper(currency)), '{{ var("currency") }}') as currency_code
from account
