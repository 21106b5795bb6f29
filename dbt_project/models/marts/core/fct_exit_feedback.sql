-- One row per membership that ended, with the exit survey's answer if there is one: the latest given
-- from 30 days before the exit to 90 days after it.
with exits as (
    select * from {{ ref('fct_member_spell') }}
    where exit_type is not null
),

answers as (
    select * from {{ ref('fct_survey_response') }}
    where lifecycle_point in ('exit', 'cancellation', 'departure')
),

matched as (
    select
        exits.spell_id,
        answers.response_key,
        answers.score,
        answers.responded_at,
        row_number() over (
            partition by exits.spell_id
            order by answers.responded_at desc, answers.response_key
        ) as from_last
    from exits
    inner join answers
        on
            exits.member_key = answers.member_key
            and answers.responded_date >= {{ add_days('exits.exit_date', -30) }}
            and answers.responded_date <= {{ add_days('exits.exit_date', 90) }}
)

select
    exits.spell_id,
    exits.member_key,
    exits.exit_type,
    matched.response_key,
    matched.score,
    matched.response_key is not null as has_feedback,
    exits.exit_date,
    matched.responded_at
from exits
left join matched on exits.spell_id = matched.spell_id and matched.from_last = 1
