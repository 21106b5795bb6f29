-- One row per year of membership up to the horizon: the share of joins that is still there at its start.
-- Kaplan-Meier over first memberships; years nobody has been observed into have no row.
with joins as (

    select
        observed_days,
        case when has_left then 1 else 0 end as exits
    from {{ ref('int_first_joins') }}

),

exit_days as (

    select
        observed_days,
        sum(exits) as exits,
        sum(count(*)) over (
            order by observed_days desc
            rows between unbounded preceding and current row
        ) as at_risk
    from joins
    group by observed_days

),

longest as (

    select max(observed_days) as observed_days
    from exit_days

),

years as (

    select year_number
    from ({{ numbers('year_number', 2) }}) as numbers
    where year_number < {{ var('ltv_horizon_years') }}

)

select
    cast(years.year_number as integer) as year_number,
    case
        when max(case when exit_days.exits = exit_days.at_risk then 1 else 0 end) = 1 then 0
        else coalesce(exp(sum(
            case
                when exit_days.exits < exit_days.at_risk
                    then ln(1 - cast(exit_days.exits as double precision) / exit_days.at_risk)
                else 0
            end
        )), 1)
    end as survival
from years
inner join longest on years.year_number * 365 <= longest.observed_days
left join exit_days on years.year_number * 365 >= exit_days.observed_days
group by years.year_number
