-- Within one membership a term begins after the one before it has ended, by resignation or by date.
with terms as (
    select
        source_system,
        source_membership_id,
        source_term_id,
        start_date,
        end_date,
        resigned_date,
        lead(start_date) over (
            partition by source_system, source_membership_id
            order by start_date, source_term_id
        ) as next_start_date
    from {{ ref('conformed__membership_terms') }}
)

select *
from terms
where
    end_date < start_date
    or next_start_date < coalesce(resigned_date, {{ add_days('end_date', 1) }})
