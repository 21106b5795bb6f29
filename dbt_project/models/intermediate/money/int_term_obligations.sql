-- One row per paid term and performance obligation: what of its price is for what, over which days.
-- Definition and examples: docs/DECISIONLOG.md, "Dues money".
{%- set obligations = var('performance_obligations') %}
with terms as (

    select * from {{ ref('int_membership_terms') }}
    where not is_test and amount_minor <> 0

),

-- what a plan promises besides membership, as configured; a plan that is not named promises that alone
promised as (

    {%- for plan_code, parts in obligations.items() %}
    {%- set total = parts | map(attribute='weight') | sum %}
    {%- set outer = loop %}
    {%- for part in parts %}
    select
        '{{ plan_code }}' as plan_code,
        '{{ part.obligation }}' as obligation,
        '{{ part.recognise }}' as recognise,
        cast({{ loop.index }} as integer) as position,
        cast({{ part.weight }} as bigint) as weight,
        cast({{ total }} as bigint) as total_weight
    {{ 'union all' if not (loop.last and outer.last) }}
    {%- endfor %}
    {%- else %}
    select
        cast(null as {{ dbt.type_string() }}) as plan_code,
        cast(null as {{ dbt.type_string() }}) as obligation,
        cast(null as {{ dbt.type_string() }}) as recognise,
        cast(null as integer) as position,
        cast(null as bigint) as weight,
        cast(null as bigint) as total_weight
    where 1 = 0
    {%- endfor %}

),

weighed as (

    select
        terms.term_id,
        terms.member_key,
        terms.plan_code,
        terms.currency_code,
        coalesce(promised.obligation, 'dues') as obligation,
        coalesce(promised.recognise, 'by_day') as recognise,
        coalesce(promised.position, 1) as position,
        coalesce(promised.weight, 1) as weight,
        coalesce(promised.total_weight, 1) as total_weight,
        terms.amount_minor as term_amount_minor,
        case when terms.amount_minor < 0 then -1 else 1 end as sign,
        terms.committed_date,
        terms.start_date as service_start_date,
        -- what is paid once for ever is earned over the time members are expected to stay
        coalesce(
            terms.end_date,
            {{ add_days(add_months('terms.start_date', 12 * var('lifetime_dues_years')), -1) }}
        ) as service_end_date,
        terms.known_at
    from terms
    left join promised on terms.plan_code = promised.plan_code

),

divided as (

    select
        *,
        {{ whole_share('abs(term_amount_minor) * weight', 'total_weight') }} as whole_minor,
        mod(abs(term_amount_minor) * weight, total_weight) as remainder
    from weighed
    where service_end_date >= service_start_date

),

ranked as (

    select
        *,
        row_number() over (partition by term_id order by remainder desc, position) as remainder_rank,
        abs(term_amount_minor) - sum(whole_minor) over (partition by term_id) as left_over
    from divided

),

shared as (

    select
        *,
        cast(
            sign * (whole_minor + case when remainder_rank <= left_over then 1 else 0 end) as bigint
        ) as amount_minor
    from ranked

)

select
    term_id,
    member_key,
    plan_code,
    currency_code,
    obligation,
    recognise,
    term_amount_minor,
    amount_minor,
    cast(coalesce(sum(amount_minor) over (
        partition by term_id
        order by position
        rows between unbounded preceding and 1 preceding
    ), 0) as bigint) as amount_before_minor,
    cast({{ days_between('service_start_date', 'service_end_date') }} + 1 as bigint) as service_days,
    committed_date,
    service_start_date,
    service_end_date,
    known_at
from shared
