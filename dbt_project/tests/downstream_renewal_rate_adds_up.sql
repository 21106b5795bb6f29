-- Every expiring term is counted once: in one outcome or under one reason for leaving it out; the
-- slices of a month add up to the whole; bounds enclose the rate.
with rates as (

    select * from {{ ref('metric_renewal_rate') }}

),

totals as (

    select
        period_start,
        slice_name,
        sum(terms_ending) as terms_ending,
        sum(denominator) as denominator,
        sum(numerator) as numerator
    from rates
    group by period_start, slice_name

)

select
    period_start,
    slice_name,
    slice_value,
    'the parts of a row' as wrong
from rates
where
    terms_ending <> denominator + excluded_not_renewable + excluded_continuous_dues
    + excluded_holder_died + excluded_superseded + excluded_paused + excluded_test
    or denominator <> numerator + renewed_late + still_open + not_renewed
    or numerator <> renewed_early + renewed_on_time + renewed_in_grace
    or value < lo
    or value > hi
    or (is_mature and still_open > 0)
    or (denominator = 0) <> (value is null)
union all
select
    period_start,
    max(slice_name) as slice_name,
    null as slice_value,
    'the slices of a month' as wrong
from totals
group by period_start
having
    min(terms_ending) <> max(terms_ending)
    or min(denominator) <> max(denominator)
    or min(numerator) <> max(numerator)
