-- Every first-ever join is credited once per attribution model, to touches or to "unknown".
with joins as (
    select distinct member_key
    from {{ ref('fct_membership_term') }}
    where
        term_number = 1
        and not is_test
        and coalesce(committed_date, start_date) <= {{ as_of_date() }}
),

models as (
    select distinct attribution_model
    from {{ ref('fct_join_attribution') }}
),

credited as (
    select
        member_key,
        attribution_model,
        sum(credit) as credit
    from {{ ref('fct_join_attribution') }}
    group by member_key, attribution_model
)

select
    joins.member_key,
    models.attribution_model,
    credited.credit
from joins
cross join models
left join credited
    on
        joins.member_key = credited.member_key
        and models.attribution_model = credited.attribution_model
where credited.credit is null or abs(credited.credit - 1) > 0.000001
