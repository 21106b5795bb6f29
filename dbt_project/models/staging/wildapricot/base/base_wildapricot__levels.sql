-- Every version of a level. How many years EveryNYears means is not told: it counts as one.
with versions as (
    {{ raw_history('wildapricot', 'membership_level') }}
),

currency as (
    select * from {{ ref('base_wildapricot__currency') }}
)

select
    cast(versions.id as varchar) as level_id,
    versions.name as level_name,
    case
        when versions.renewal_kind = 'Never' then 'lifetime'
        when versions.renewal_kind = 'Monthly' then 'continuous'
        when versions.renews_from_join_date then 'anniversary'
        else 'fixed'
    end as renewal_model,
    case versions.renewal_kind
        when 'Monthly' then 1
        when 'Quarterly' then 3
        when 'TwiceAYear' then 6
        when 'EveryNYears' then 12
    end as term_months,
    {{ to_minor('versions.membership_fee', 'currency.currency_code') }} as fee_minor,
    currency.currency_code,
    coalesce(versions.public_can_apply, true) as is_active,
    coalesce(versions.is_recurring, false) as is_recurring,
    versions._known_from as known_from,
    {{ version_ended_at('versions._known_to') }} as known_to,
    versions._first_known_at as known_at
from versions
cross join currency
