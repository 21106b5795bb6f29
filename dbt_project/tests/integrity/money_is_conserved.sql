-- What each source says was paid, refunded and charged back is what fct_payment says, per currency;
-- movements that name another connected source as their method are counted there only.
with conformed as (
    select * from {{ ref('conformed__payments') }}
),

modelled as (
    select * from {{ ref('fct_payment') }}
),

paying_sources as (
    select distinct source_system
    from conformed
),

counted_elsewhere as (
    select
        conformed.source_system,
        conformed.kind,
        conformed.currency_code,
        conformed.amount_minor
    from conformed
    inner join paying_sources
        on
            {{ dbt.split_part('conformed.method', "'_'", 1) }} = paying_sources.source_system
            and conformed.source_system <> paying_sources.source_system
),

signed as (
    select
        source_system,
        kind,
        currency_code,
        amount_minor,
        1 as movements
    from conformed
    union all
    select
        source_system,
        kind,
        currency_code,
        0 - amount_minor as amount_minor,
        -1 as movements
    from counted_elsewhere
    union all
    select
        source_system,
        kind,
        currency_code,
        0 - amount_minor as amount_minor,
        -1 as movements
    from modelled
)

select
    source_system,
    kind,
    currency_code,
    sum(amount_minor) as amount_minor_difference,
    sum(movements) as row_difference
from signed
group by source_system, kind, currency_code
having sum(amount_minor) <> 0 or sum(movements) <> 0
