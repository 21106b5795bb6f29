-- One row per month in which anything moved and currency: dues billed, collected, earned and deferred.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Dues money".
{%- set figures = [
    'billed', 'credited', 'collected', 'collected_without_term', 'charged_back', 'invoiced', 'written_off',
    'recognised', 'contract_liability', 'contract_asset'
] %}
with obligations as (

    select * from {{ ref('int_term_obligations') }}

),

movements as (

    select * from {{ ref('int_dues_movements') }}

),

positions as (

    select
        *,
        coalesce(lag(ahead_minor) over (
            partition by term_id, currency_code
            order by month_start
        ), 0) as ahead_before
    from {{ ref('int_dues_positions') }}

),

invoices as (

    select * from {{ ref('fct_invoice') }}
    where purpose = 'dues' and issued_date <= {{ as_of_date() }}

),

-- each figure as changes: what a month adds to it
changes as (

    select
        'billed' as figure,
        currency_code,
        {{ month_of('committed_date') }} as period_start,
        amount_minor
    from obligations
    union all
    select
        case when term_id is null then 'collected_without_term' else 'collected' end as figure,
        currency_code,
        {{ month_of('occurred_date') }} as period_start,
        amount_minor
    from movements
    union all
    select
        case when kind = 'refund' then 'credited' else 'charged_back' end as figure,
        currency_code,
        {{ month_of('occurred_date') }} as period_start,
        0 - amount_minor as amount_minor
    from movements
    where kind in ('refund', 'chargeback') and term_id is not null
    union all
    select
        'recognised' as figure,
        currency_code,
        month_start as period_start,
        recognised_minor as amount_minor
    from {{ ref('fct_revenue_schedule') }}
    where month_start <= {{ as_of_date() }}
    union all
    select
        'contract_liability' as figure,
        currency_code,
        month_start as period_start,
        greatest(ahead_minor, 0) - greatest(ahead_before, 0) as amount_minor
    from positions
    union all
    select
        'contract_asset' as figure,
        currency_code,
        month_start as period_start,
        greatest(0 - ahead_minor, 0) - greatest(0 - ahead_before, 0) as amount_minor
    from positions
    union all
    select
        'invoiced' as figure,
        currency_code,
        {{ month_of('issued_date') }} as period_start,
        billed_minor as amount_minor
    from invoices
    union all
    select
        'written_off' as figure,
        currency_code,
        {{ month_of('issued_date') }} as period_start,
        written_off_minor as amount_minor
    from invoices

),

monthly as (

    select
        currency_code,
        period_start,
        {%- for figure in figures %}
        coalesce(sum(case when figure = '{{ figure }}' then amount_minor end), 0)
            as {{ figure }}_minor{{ ',' if not loop.last }}
        {%- endfor %}
    from changes
    group by currency_code, period_start

),

running as (

    select
        *,
        {%- for figure in ['billed', 'credited', 'collected', 'written_off', 'recognised'] %}
        sum({{ figure }}_minor) over until_then as {{ figure }}_to_date,
        {%- endfor %}
        sum(contract_liability_minor) over until_then as liability,
        sum(contract_asset_minor) over until_then as asset
    from monthly
    window until_then as (
        partition by currency_code
        order by period_start
        rows between unbounded preceding and current row
    )

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    currency_code,
    {%- for figure in figures[:8] %}
    cast({{ figure }}_minor as bigint) as {{ figure }}_minor,
    {%- endfor %}
    cast(billed_to_date - credited_to_date - recognised_to_date as bigint) as still_to_recognise_minor,
    cast(liability as bigint) as contract_liability_minor,
    cast(asset as bigint) as contract_asset_minor,
    cast(billed_to_date - credited_to_date - collected_to_date - written_off_to_date as bigint)
        as receivable_minor,
    {{ as_of_date() }} > {{ dbt.last_day('period_start', 'month') }} as is_mature,
    period_start,
    cast({{ dbt.last_day('period_start', 'month') }} as date) as period_end,
    {{ as_of_date() }} as as_of_date
from running
where period_start <= {{ as_of_date() }}
