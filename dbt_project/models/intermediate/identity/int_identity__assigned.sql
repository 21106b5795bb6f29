with records as (
    select * from {{ ref('int_identity__records') }}
),

clusters as (
    select * from {{ ref('int_identity__clusters') }}
),

cluster_keys as (
    select * from {{ ref('int_identity__keys') }}
),

profile_rules as (
    select * from {{ ref('int_identity__rules') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
),

previous as (
    select * from {{ ref('int_identity__previous') }}
),

living as (
    select
        records.source_system,
        records.source_record_id,
        cluster_keys.person_key,
        rules.rule_id,
        rules.score,
        case
            when rules.rule_id = 'M' then 'manual'
            when clusters.guard_reason is null then 'auto'
            else 'review'
        end as status,
        true as is_record_current
    from records
    inner join clusters on records.profile_id = clusters.profile_id
    inner join cluster_keys on clusters.cluster_id = cluster_keys.cluster_id
    left join profile_rules on records.profile_id = profile_rules.profile_id
    inner join rules on coalesce(profile_rules.rule_id, 'single') = rules.rule_id
),

-- Where the records of each old key are now; most of them, if they were separated.
moves as (
    select
        previous.person_key as previous_key,
        living.person_key,
        count(*) as record_count
    from previous
    inner join living
        on previous.source_system = living.source_system and previous.source_record_id = living.source_record_id
    group by previous.person_key, living.person_key
),

ranked_moves as (
    select
        previous_key,
        person_key,
        row_number() over (
            partition by previous_key
            order by case when previous_key = person_key then 0 else 1 end, record_count desc, person_key
        ) as move_rank
    from moves
),

-- Records their system has deleted: facts may still name them, so they follow their person.
retired as (
    select
        previous.source_system,
        previous.source_record_id,
        ranked_moves.person_key,
        previous.rule_id,
        previous.score,
        previous.status,
        false as is_record_current
    from previous
    inner join ranked_moves on previous.person_key = ranked_moves.previous_key and ranked_moves.move_rank = 1
    left join records
        on previous.source_system = records.source_system and previous.source_record_id = records.source_record_id
    where records.source_record_id is null
)

select * from living
union all
select * from retired
