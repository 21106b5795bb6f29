-- Contributions as movements of money. A refund or chargeback overwrites the contribution's status: the
-- payment came in all the same, and went out again on its cancel date.
with contribution as (
    {{ raw_current('civicrm', 'contribution') }}
),

versions as (
    {{ raw_history('civicrm', 'contribution') }}
),

first_reversed as (
    select
        id,
        min(_known_from) as known_at
    from versions
    where contribution_status_id_name in ('Refunded', 'Chargeback')
    group by id
),

counted as (
    select
        cast(contribution.id as varchar) as contribution_id,
        cast(contribution.contact_id as varchar) as contact_id,
        contribution.contribution_status_id_name as status,
        case
            when contribution.contribution_status_id_name = 'Partially paid' then contribution.paid_amount
            else contribution.total_amount
        end as amount,
        upper(coalesce(contribution.currency, '{{ var("currency") }}')) as currency_code,
        coalesce(contribution.receive_date, contribution.created_date, contribution._first_known_at) as received_at,
        coalesce(contribution.cancel_date, first_reversed.known_at) as reversed_at,
        lower(contribution.payment_instrument_id_name) as method,
        coalesce(contribution.purpose, 'other') as purpose,
        contribution._first_known_at as known_at,
        first_reversed.known_at as reversal_known_at
    from contribution
    left join first_reversed on contribution.id = first_reversed.id
    where
        not coalesce(contribution.is_test, false)
        and not coalesce(contribution.is_template, false)
        -- What is pending, processed or cancelled has not moved any money.
        and contribution.contribution_status_id_name in (
            'Completed', 'Partially paid', 'Pending refund', 'Refunded', 'Chargeback', 'Failed'
        )
),

movements as (
    select
        contribution_id as source_payment_id,
        case
            when status = 'Failed' then 'failed_charge'
            -- Some organisations book a refund as a contribution below zero.
            when amount < 0 then 'refund'
            else 'payment'
        end as kind,
        contact_id,
        cast(null as varchar) as parent_payment_id,
        case when status = 'Failed' then 0 else amount end as signed_amount,
        case when status = 'Failed' then amount end as attempted_amount,
        currency_code,
        received_at as occurred_at,
        method,
        purpose,
        known_at
    from counted
    where amount <> 0
    union all
    select
        {{ dbt.concat(['contribution_id', "'-R'"]) }} as source_payment_id,
        case when status = 'Chargeback' then 'chargeback' else 'refund' end as kind,
        contact_id,
        contribution_id as parent_payment_id,
        -amount as signed_amount,
        cast(null as decimal(18, 4)) as attempted_amount,
        currency_code,
        reversed_at as occurred_at,
        method,
        purpose,
        reversal_known_at as known_at
    from counted
    where status in ('Refunded', 'Chargeback') and amount > 0
)

select
    source_payment_id,
    kind,
    contact_id as source_record_id,
    cast(null as varchar) as source_invoice_id,
    parent_payment_id,
    {{ to_minor('signed_amount', 'currency_code') }} as amount_minor,
    {{ to_minor('attempted_amount', 'currency_code') }} as attempted_minor,
    currency_code,
    occurred_at,
    method,
    purpose,
    known_at
from movements
