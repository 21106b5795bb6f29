-- Which key each cluster carries. When a person is separated, the key stays with the membership: with
-- the record it was born from if that one bears a membership, else with the oldest record that does. So
-- neither an older record of a new system nor a newsletter address that no longer fits takes a member's
-- key away. Of several keys in one cluster the oldest member-bearing record's survives; a part left
-- without a key gets a new one.
with records as (
    select * from {{ ref('int_identity__records') }}
),

clusters as (
    select * from {{ ref('int_identity__clusters') }}
),

previous as (
    select * from {{ ref('int_identity__previous') }}
),

members as (
    select
        records.source_system,
        records.source_record_id,
        records.is_member_bearing,
        records.created_at,
        records.birth_key,
        clusters.cluster_id,
        previous.person_key as previous_key,
        row_number() over (
            partition by clusters.cluster_id
            order by
                case when records.is_member_bearing then 0 else 1 end,
                records.created_at,
                records.source_system,
                records.source_record_id
        ) as seniority
    from records
    inner join clusters on records.profile_id = clusters.profile_id
    left join previous
        on records.source_system = previous.source_system and records.source_record_id = previous.source_record_id
),

claims as (
    select
        cluster_id,
        previous_key,
        row_number() over (
            partition by previous_key
            order by
                case
                    when is_member_bearing and birth_key = previous_key then 0
                    when is_member_bearing then 1
                    when birth_key = previous_key then 2
                    else 3
                end,
                created_at,
                source_system,
                source_record_id
        ) as claim_rank
    from members
    where previous_key is not null
),

holders as (
    select
        previous_key,
        cluster_id
    from claims
    where claim_rank = 1
),

kept as (
    select
        members.cluster_id,
        members.previous_key,
        row_number() over (partition by members.cluster_id order by members.seniority) as key_rank
    from members
    inner join holders
        on members.previous_key = holders.previous_key and members.cluster_id = holders.cluster_id
),

eldest as (
    select * from members
    where seniority = 1
)

select
    eldest.cluster_id,
    case
        when kept.previous_key is not null then kept.previous_key
        when taken.previous_key is null then eldest.birth_key
        -- The eldest record's own key now belongs to people it was separated from.
        else {{ surrogate_key(['eldest.source_system', 'eldest.source_record_id', 'eldest.previous_key']) }}
    end as person_key
from eldest
left join kept on eldest.cluster_id = kept.cluster_id and kept.key_rank = 1
left join holders as taken on eldest.birth_key = taken.previous_key
