-- Every paid term of the conformed layer is one term of one person: none lost on the way, none
-- doubled. (Terms entered twice for one person are one term; unlinked records have none.)
with conformed as (

    select distinct
        identity.member_key,
        plans.plan_code,
        terms.start_date,
        terms.end_date,
        coalesce(terms.is_test, false) as is_test
    from {{ ref('conformed__membership_terms') }} as terms
    inner join {{ ref('conformed__plans') }} as plans
        on
            terms.source_system = plans.source_system
            and terms.source_plan_id = plans.source_plan_id
    inner join {{ ref('int_identity__current') }} as identity
        on
            terms.source_system = identity.source_system
            and terms.source_record_id = identity.source_record_id
    where terms.committed_date <= {{ as_of_date() }}

),

counted as (

    select
        (select count(*) from conformed) as conformed_terms,
        (select count(*) from {{ ref('fct_membership_term') }}) as modelled_terms

)

select
    conformed_terms,
    modelled_terms
from counted
where conformed_terms <> modelled_terms
