-- One row per currency and method: what a member is worth over the time they stay.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Lifetime value".
with inputs as (

    select * from {{ ref('int_ltv__inputs') }}

),

survived as (

    select
        sum(survival) as survival_years,
        sum(survival * power(cast({{ var('ltv_yearly_discount') }} as double precision), year_number))
            as discounted_years,
        count(*) as horizon_years
    from {{ ref('int_ltv__survival') }}

),

rates as (

    select
        inputs.*,
        inputs.dues_minor / nullif(inputs.member_years, 0) as dues_per_year,
        inputs.non_dues_minor / nullif(inputs.member_years, 0) as non_dues_per_year,
        {%- if var('ltv_yearly_cost_minor') %}
        case inputs.currency_code
            {%- for currency, minor in var('ltv_yearly_cost_minor').items() %}
            when '{{ currency }}' then {{ minor }}
            {%- endfor %}
        end
        {%- else %}
        cast(null as integer)
        {%- endif %} as cost_per_year,
        {{ share('inputs.renewed', 'inputs.renewable') }} as renewal_rate,
        {{ share('inputs.renewed_first', 'inputs.renewable_first') }} as first_renewal_rate,
        {{ share('inputs.renewed - inputs.renewed_first', '(inputs.renewable - inputs.renewable_first)') }}
            as later_renewal_rate
    from inputs

),

methods as (

    select
        rates.*,
        'single_rate' as method,
        {{ expected_years('rates.renewal_rate') }} as expected_years,
        {{ expected_years('rates.renewal_rate') }} as valued_years
    from rates
    union all
    select
        rates.*,
        'two_stage' as method,
        {{ expected_years_two_stage('rates.first_renewal_rate', 'rates.later_renewal_rate') }} as expected_years,
        {{ expected_years_two_stage('rates.first_renewal_rate', 'rates.later_renewal_rate') }} as valued_years
    from rates
    union all
    select
        rates.*,
        'survival' as method,
        survived.survival_years as expected_years,
        survived.discounted_years as valued_years
    from rates
    cross join survived

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    methods.currency_code,
    methods.method,
    cast(methods.renewable as bigint) as denominator,
    cast(methods.renewed as bigint) as numerator,
    cast(methods.joins as bigint) as joins,
    cast(case when methods.method = 'survival' then survived.horizon_years end as bigint) as horizon_years,
    round(cast(methods.member_years as double precision), 6) as member_years,
    round(methods.renewal_rate, 6) as renewal_rate,
    round(methods.first_renewal_rate, 6) as first_renewal_rate,
    round(methods.later_renewal_rate, 6) as later_renewal_rate,
    round(cast(methods.expected_years as double precision), 6) as expected_years,
    cast(round(methods.dues_per_year) as bigint) as dues_per_year_minor,
    cast(round(methods.non_dues_per_year) as bigint) as non_dues_per_year_minor,
    cast(methods.cost_per_year as bigint) as cost_per_year_minor,
    cast(round((methods.dues_per_year + methods.non_dues_per_year) * methods.valued_years) as bigint)
        as ltv_minor,
    cast(round(
        (methods.dues_per_year + methods.non_dues_per_year - methods.cost_per_year) * methods.valued_years
    ) as bigint) as max_acquisition_cost_minor,
    round(cast(methods.joins as double precision) / nullif(1 - methods.renewal_rate, 0), 6)
        as steady_state_members,
    {{ add_days(as_of_date(), -364) }} as period_start,
    {{ as_of_date() }} as period_end,
    {{ as_of_date() }} as as_of_date
from methods
cross join survived
