-- One row per person who ever joined: the first membership, from when on it was watched, how it ended.
-- Whoever joined before a source tells of those who left (var observed_since) is known only because
-- they lasted until then, and is watched from that day.
with joins as (

    select * from {{ ref('int_first_joins') }}

),

first_terms as (

    select * from {{ ref('fct_membership_term') }}
    where term_number = 1 and not is_test

),

first_spells as (

    select * from {{ ref('fct_member_spell') }}
    where spell_no = 1

)

select
    joins.member_key,
    first_terms.plan_code,
    cast(extract(year from joins.join_date) as integer) as join_year,
    joins.observed_days,
    -- the last day on which nobody would have seen the person leave
    case
        {%- for source, since in var('observed_since').items() %}
        when first_terms.source_system = '{{ source }}'
            then greatest(
                {{ days_between('joins.join_date', "cast('" ~ since ~ "' as date)") }}, 0
            ) - 1
        {%- endfor %}
        when first_terms.source_system is null then -1
        else -1
    end as unwatched_days,
    case when joins.has_left then 1 else 0 end as has_left,
    case when first_spells.exit_type = 'natural' then 1 else 0 end as has_died,
    case when joins.has_left or first_spells.exit_type = 'natural' then 1 else 0 end as has_ended,
    joins.join_date
from joins
inner join first_terms on joins.member_key = first_terms.member_key
inner join first_spells on joins.member_key = first_spells.member_key
