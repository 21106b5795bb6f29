{{ config(materialized='view') }}
-- Touchpoints from cases, surveys and other activities. Resolutions come from the case's own steps;
-- a source that keeps none still tells the first and the last one.
with cases as (
    select * from {{ ref('conformed__cases') }}
),

surveys as (
    select * from {{ ref('conformed__surveys') }}
),

activities as (
    select * from {{ ref('conformed__activities') }}
),

catalogue as (
    select * from {{ ref('dim_activity') }}
),

-- what a source calls by a name of its own is kept, under its name as the purpose
listed as (
    select
        activities.*,
        coalesce(catalogue.activity, 'unlisted') as listed_activity,
        case when catalogue.activity is null then activities.activity end as unlisted_activity
    from activities
    left join catalogue on activities.activity = catalogue.activity
),

stepped_cases as (
    select distinct
        source_system,
        source_case_id
    from activities
    where activity = 'case_resolved' and source_case_id is not null
),

unstepped_cases as (
    select cases.*
    from cases
    left join stepped_cases
        on cases.source_system = stepped_cases.source_system and cases.source_case_id = stepped_cases.source_case_id
    where stepped_cases.source_case_id is null
),

steps as (
    select
        listed_activity as activity,
        source_activity_id as source_id,
        source_record_id,
        source_system,
        source_case_id,
        channel,
        department,
        actor_type,
        unlisted_activity as purpose,
        false as is_bad,
        occurred_at,
        known_at
    from listed
    union all
    select
        'case_opened' as activity,
        source_case_id as source_id,
        source_record_id,
        source_system,
        source_case_id,
        cast(null as varchar) as channel,
        cast(null as varchar) as department,
        cast(null as varchar) as actor_type,
        cast(null as varchar) as purpose,
        false as is_bad,
        received_at as occurred_at,
        known_at
    from cases
    union all
    select
        'case_resolved' as activity,
        {{ dbt.concat(['source_case_id', "'-first'"]) }} as source_id,
        source_record_id,
        source_system,
        source_case_id,
        cast(null as varchar) as channel,
        cast(null as varchar) as department,
        cast(null as varchar) as actor_type,
        cast(null as varchar) as purpose,
        false as is_bad,
        first_resolved_at as occurred_at,
        known_at
    from unstepped_cases
    where first_resolved_at is not null
    union all
    select
        'case_resolved' as activity,
        {{ dbt.concat(['source_case_id', "'-last'"]) }} as source_id,
        source_record_id,
        source_system,
        source_case_id,
        cast(null as varchar) as channel,
        cast(null as varchar) as department,
        cast(null as varchar) as actor_type,
        cast(null as varchar) as purpose,
        false as is_bad,
        last_resolved_at as occurred_at,
        known_at
    from unstepped_cases
    where last_resolved_at > first_resolved_at
    union all
    select
        'survey_responded' as activity,
        source_response_id as source_id,
        source_record_id,
        source_system,
        cast(null as varchar) as source_case_id,
        cast(null as varchar) as channel,
        cast(null as varchar) as department,
        cast(null as varchar) as actor_type,
        survey_code as purpose,
        {{ is_low_score('survey_code', 'score') }} as is_bad,
        responded_at as occurred_at,
        known_at
    from surveys
)

select
    activity,
    source_id,
    source_record_id,
    source_system,
    cast(null as varchar) as source_event_id,
    source_case_id,
    cast(null as varchar) as campaign_id,
    channel,
    department,
    actor_type,
    purpose,
    cast(null as boolean) as is_bot,
    is_bad,
    occurred_at,
    known_at
from steps
