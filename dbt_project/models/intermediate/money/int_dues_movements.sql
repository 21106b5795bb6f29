-- One row per movement of dues money, with the term it paid for where one can be told.
-- A payment belongs to the term committed on its day, else to the one whose days it falls in; what
-- undoes a payment belongs where the payment does.
with movements as (

    select * from {{ ref('fct_payment') }}
    where purpose = 'dues' and kind <> 'failed_charge' and occurred_date <= {{ as_of_date() }}

),

terms as (

    select * from {{ ref('int_membership_terms') }}
    where not is_test

),

rooted as (

    select
        movements.*,
        coalesce(undone.member_key, movements.member_key) as payer_key,
        coalesce(undone.occurred_date, movements.occurred_date) as paid_date,
        coalesce(undone.amount_minor, movements.amount_minor) as paid_minor
    from movements
    left join movements as undone
        on
            movements.source_system = undone.source_system
            and movements.parent_payment_id = undone.source_payment_id

),

ranked as (

    select
        rooted.payment_key,
        terms.term_id,
        row_number() over (
            partition by rooted.payment_key
            order by
                case when terms.committed_date = rooted.paid_date then 0 else 1 end,
                case when terms.amount_minor = rooted.paid_minor then 0 else 1 end,
                terms.start_date desc,
                terms.term_id
        ) as closeness
    from rooted
    inner join terms
        on
            rooted.payer_key = terms.member_key
            and rooted.currency_code = terms.currency_code
            and (
                terms.committed_date = rooted.paid_date
                or (
                    terms.start_date <= rooted.paid_date
                    and coalesce(terms.end_date, {{ forever() }}) >= rooted.paid_date
                )
            )

)

select
    rooted.payment_key,
    ranked.term_id,
    rooted.kind,
    rooted.currency_code,
    rooted.amount_minor,
    rooted.occurred_date
from rooted
left join ranked on rooted.payment_key = ranked.payment_key and ranked.closeness = 1
