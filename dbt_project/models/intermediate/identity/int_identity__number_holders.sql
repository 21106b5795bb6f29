-- Which member number which profile held from when to when, for the few profiles that could be one
-- person and hold different numbers of one system. Without a term the time of a number is unknown, and
-- counts as all the time since the record was made.
with records as (
    select * from {{ ref('int_identity__records') }}
    where is_member_bearing and member_number is not null
),

reach as (
    select * from {{ ref('int_identity__reach') }}
),

terms as (
    select * from {{ ref('conformed__membership_terms') }}
    where not coalesce(is_test, false)
),

holders as (
    select
        reach.reach_id,
        records.profile_id,
        records.source_system,
        records.source_record_id,
        records.member_number,
        cast(records.created_at as date) as created_on
    from records
    inner join reach on records.profile_id = reach.profile_id
),

several as (
    select
        reach_id,
        source_system
    from holders
    group by reach_id, source_system
    having count(distinct member_number) > 1
)

select
    holders.reach_id,
    holders.profile_id,
    holders.source_system,
    holders.member_number,
    coalesce(terms.start_date, holders.created_on) as first_day,
    coalesce(
        case when terms.resigned_date < terms.end_date then terms.resigned_date else terms.end_date end,
        cast('9999-12-31' as date)
    ) as last_day
from holders
inner join several
    on holders.reach_id = several.reach_id and holders.source_system = several.source_system
left join terms
    on holders.source_system = terms.source_system and holders.source_record_id = terms.source_record_id
