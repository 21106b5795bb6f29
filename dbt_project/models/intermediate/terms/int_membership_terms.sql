-- One row per paid term of a person, numbered over the person's life.
-- A term entered twice (two source rows of one person, same plan, same dates) is one term.
with terms as (

    select * from {{ ref('conformed__membership_terms') }}

),

plans as (

    select * from {{ ref('conformed__plans') }}

),

identity as (

    select * from {{ ref('int_identity__current') }}

),

identified as (

    select
        identity.member_key,
        terms.source_system,
        terms.source_term_id,
        terms.source_membership_id,
        terms.currency_code,
        terms.term_evidence,
        terms.amount_minor,
        terms.known_at,
        terms.start_date,
        terms.end_date,
        terms.committed_date,
        case when terms.resigned_date <= {{ as_of_date() }} then terms.resigned_date end
            as resigned_date,
        plans.source_plan_id,
        plans.plan_code,
        plans.plan_name,
        plans.renewal_model,
        coalesce(plans.grace_days, {{ var('grace_days') }}) as grace_days,
        coalesce(plans.reinstate_days, {{ var('reinstate_days') }}) as reinstate_days,
        coalesce(plans.is_rate_excluded, false) as is_rate_excluded,
        coalesce(terms.is_auto_renew, false) as is_auto_renew,
        coalesce(terms.is_test, false) as is_test,
        row_number() over (
            partition by
                identity.member_key,
                terms.is_test,
                plans.plan_code,
                terms.start_date,
                terms.end_date
            order by terms.committed_date, terms.source_system, terms.source_term_id
        ) as copy_number
    from terms
    inner join plans
        on
            terms.source_system = plans.source_system
            and terms.source_plan_id = plans.source_plan_id
    inner join identity
        on
            terms.source_system = identity.source_system
            and terms.source_record_id = identity.source_record_id
    where terms.committed_date <= {{ as_of_date() }}

),

ended as (

    select
        *,
        case
            when
                resigned_date is not null
                and (end_date is null or resigned_date <= end_date)
                then {{ add_days('resigned_date', -1) }}
            else coalesce(end_date, {{ forever() }})
        end as effective_end_date
    from identified
    where copy_number = 1

),

numbered as (

    select
        *,
        row_number() over (
            partition by member_key, is_test
            order by start_date, effective_end_date, source_system, source_term_id
        ) as term_number,
        row_number() over (
            partition by member_key, is_test
            order by effective_end_date, start_date, source_system, source_term_id
        ) as end_rank
    from ended

)

select
    {{ dbt.hash(dbt.concat(['source_system', "'|'", 'source_term_id'])) }} as term_id,
    member_key,
    source_system,
    source_term_id,
    source_membership_id,
    source_plan_id,
    plan_code,
    plan_name,
    renewal_model,
    currency_code,
    term_evidence,
    cast(term_number as integer) as term_number,
    cast(end_rank as integer) as end_rank,
    grace_days,
    reinstate_days,
    amount_minor,
    is_rate_excluded,
    is_auto_renew,
    is_test,
    start_date,
    end_date,
    effective_end_date,
    committed_date,
    resigned_date,
    known_at
from numbered
