-- One row per paid term with what the payments say of its end: was a charge refused around it, and
-- was the next term's payment given back.
with terms as (

    select * from {{ ref('int_membership_terms__spelled') }}

),

payments as (

    select * from {{ ref('fct_payment') }}

),

-- dues given back in full within the cooling-off time
reversals as (

    select
        paid.member_key,
        {{ local_date('paid.occurred_at') }} as paid_date
    from payments as paid
    inner join payments as reversed
        on
            paid.source_system = reversed.source_system
            and paid.source_payment_id = reversed.parent_payment_id
    where
        paid.kind = 'payment'
        and paid.purpose = 'dues'
        and reversed.kind in ('refund', 'chargeback')
        and {{ days_between('paid.occurred_at', 'reversed.occurred_at') }}
        <= case
            when reversed.kind = 'chargeback' then {{ var('chargeback_days') }}
            else {{ var('refund_days') }}
        end
    group by paid.member_key, paid.source_payment_id, paid.amount_minor, paid.occurred_at
    having sum(reversed.amount_minor) <= 0 - paid.amount_minor

),

reversed_terms as (

    select distinct terms.term_id
    from terms
    inner join reversals
        on
            terms.member_key = reversals.member_key
            and terms.next_committed_date = reversals.paid_date

),

failed_terms as (

    select distinct terms.term_id
    from terms
    inner join payments on terms.member_key = payments.member_key
    where
        payments.kind = 'failed_charge'
        and abs(
            {{ days_between('terms.effective_end_date', local_date('payments.occurred_at')) }}
        ) <= {{ var('failed_charge_days') }}

)

select
    terms.term_id,
    reversed_terms.term_id is not null as is_renewal_reversed,
    failed_terms.term_id is not null as has_failed_charge
from terms
left join reversed_terms on terms.term_id = reversed_terms.term_id
left join failed_terms on terms.term_id = failed_terms.term_id
