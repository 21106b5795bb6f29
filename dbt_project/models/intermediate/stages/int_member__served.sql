-- One row per person: in how many systems they appear, and what service and surveys say of them.
with identity as (

    select * from {{ ref('int_identity__current') }}

),

cases as (

    select * from {{ ref('conformed__cases') }}

),

surveys as (

    select * from {{ ref('conformed__surveys') }}

),

messages as (

    select * from {{ ref('conformed__messages') }}

),

standing as (

    select * from {{ ref('int_member__standing') }}

),

systems as (

    select
        member_key,
        count(distinct source_system) as systems_seen
    from identity
    group by member_key

),

open_cases as (

    select
        identity.member_key,
        count(distinct cases.source_case_id) as open_cases
    from cases
    inner join identity
        on
            cases.source_system = identity.source_system
            and cases.source_record_id = identity.source_record_id
    where cases.status = 'open'
    group by identity.member_key

),

answers as (

    select
        identity.member_key,
        surveys.score,
        row_number() over (
            partition by identity.member_key
            order by surveys.responded_at desc, surveys.source_response_id desc
        ) as from_last
    from surveys
    inner join identity
        on
            surveys.source_system = identity.source_system
            and surveys.source_record_id = identity.source_record_id
    where surveys.score is not null

),

welcomes as (

    select
        identity.member_key,
        min({{ local_date('messages.sent_at') }}) as welcome_sent_date
    from messages
    inner join identity
        on
            messages.source_system = identity.source_system
            and messages.source_record_id = identity.source_record_id
    inner join standing on identity.member_key = standing.member_key
    where
        messages.purpose = 'welcome'
        and {{ local_date('messages.sent_at') }} >= standing.spell_start_date
        and {{ local_date('messages.sent_at') }} <= {{ as_of_date() }}
    group by identity.member_key

)

select
    systems.member_key,
    systems.systems_seen,
    coalesce(open_cases.open_cases, 0) as open_cases,
    answers.score as last_survey_score,
    welcomes.welcome_sent_date
from systems
left join open_cases on systems.member_key = open_cases.member_key
left join answers
    on
        systems.member_key = answers.member_key
        and answers.from_last = 1
left join welcomes on systems.member_key = welcomes.member_key
