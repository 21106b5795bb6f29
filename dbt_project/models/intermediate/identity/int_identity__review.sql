-- Two people who may be one, with the strongest evidence there is and the records it was found in. Whom
-- somebody has told apart is not asked about again.
{%- set compared = {
    'first_name': 'first_key', 'last_name': 'last_key', 'suffix': 'suffix_key', 'birth_date': 'birth_date',
    'email': 'email_key', 'phone': 'phone_e164', 'member_number': 'member_number', 'street': 'street_key',
    'postal_code': 'postal_key'
} %}
with profiles as (
    select
        profiles.*,
        clusters.cluster_id
    from {{ ref('int_identity__profiles') }} as profiles
    inner join {{ ref('int_identity__clusters') }} as clusters on profiles.profile_id = clusters.profile_id
),

current_map as (
    select * from {{ ref('int_identity__current') }}
),

components as (
    select * from {{ ref('int_identity__components') }}
),

decided_apart as (
    select distinct
        least(one.cluster_id, other.cluster_id) as cluster_a,
        greatest(one.cluster_id, other.cluster_id) as cluster_b
    from {{ ref('int_identity__decided_pairs') }} as decided_pairs
    inner join profiles as one on decided_pairs.profile_a = one.profile_id
    inner join profiles as other on decided_pairs.profile_b = other.profile_id
    where decided_pairs.kind = 'distinct'
),

named as (
    select
        review_pairs.rule_id,
        review_pairs.reason,
        least(one.cluster_id, other.cluster_id) as cluster_a,
        greatest(one.cluster_id, other.cluster_id) as cluster_b,
        components.profile_count,
        one.source_system as left_source_system,
        one.sample_record_id as left_record_id,
        other.source_system as right_source_system,
        other.sample_record_id as right_record_id,
        trim(
            {%- for shown, column in compared.items() %}
            {{ '|| ' if not loop.first -}}
            case when one.{{ column }} = other.{{ column }} then ' {{ shown }}' else '' end
            {%- endfor %}
        ) as agrees,
        trim(
            {%- for shown, column in compared.items() %}
            {{ '|| ' if not loop.first -}}
            case when one.{{ column }} <> other.{{ column }} then ' {{ shown }}' else '' end
            {%- endfor %}
        ) as differs
    from {{ ref('int_identity__review_pairs') }} as review_pairs
    inner join profiles as one on review_pairs.profile_a = one.profile_id
    inner join profiles as other on review_pairs.profile_b = other.profile_id
    left join components on review_pairs.profile_a = components.profile_id
),

ranked as (
    select
        named.*,
        row_number() over (
            partition by named.cluster_a, named.cluster_b
            order by
                named.rule_id,
                named.reason,
                named.left_source_system,
                named.left_record_id,
                named.right_source_system,
                named.right_record_id
        ) as evidence_rank
    from named
    left join decided_apart
        on named.cluster_a = decided_apart.cluster_a and named.cluster_b = decided_apart.cluster_b
    where decided_apart.cluster_a is null
)

select
    {{ surrogate_key([
        'least(left_map.member_key, right_map.member_key)', 'greatest(left_map.member_key, right_map.member_key)'
    ]) }} as review_id,
    ranked.reason,
    ranked.rule_id,
    ranked.agrees,
    ranked.differs,
    cast(coalesce(ranked.profile_count, 1) as integer) as profile_count,
    ranked.left_source_system,
    ranked.left_record_id,
    left_map.member_key as left_member_key,
    ranked.right_source_system,
    ranked.right_record_id,
    right_map.member_key as right_member_key
from ranked
inner join current_map as left_map
    on ranked.left_source_system = left_map.source_system and ranked.left_record_id = left_map.source_record_id
inner join current_map as right_map
    on ranked.right_source_system = right_map.source_system and ranked.right_record_id = right_map.source_record_id
where ranked.evidence_rank = 1
