-- Pairs of profiles that are within reach of each other and must not be one person. A link that somebody
-- forced settles the contradiction it was forced over, for all profiles that carry the same two values.
with profiles as (
    select * from {{ ref('int_identity__profiles') }}
),

reach as (
    select * from {{ ref('int_identity__reach') }}
),

holders as (
    select * from {{ ref('int_identity__number_holders') }}
),

activity as (
    select * from {{ ref('int_identity__late_activity') }}
),

decided_pairs as (
    select * from {{ ref('int_identity__decided_pairs') }}
),

described as (
    select
        reach.reach_id,
        profiles.profile_id,
        profiles.suffix_key,
        profiles.deceased_on,
        {%- if var('verified_by').get('birth_date') %}
        case
            when
                profiles.source_system in (
                    {%- for name in var('verified_by')['birth_date'] %}
                    '{{ name }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
                then profiles.birth_date
        end as birth_date
        {%- else %}
        profiles.birth_date
        {%- endif %}
    from profiles
    inner join reach on profiles.profile_id = reach.profile_id
),

contradicting as (
    select reach_id
    from described
    group by reach_id
    having count(distinct birth_date) > 1 or count(distinct suffix_key) > 1
),

suspects as (
    select described.*
    from described
    inner join contradicting on described.reach_id = contradicting.reach_id
),

found as (
    select
        one.reach_id,
        one.profile_id as one_id,
        other.profile_id as other_id,
        'birth_dates_differ' as reason,
        cast(one.birth_date as varchar) as one_value,
        cast(other.birth_date as varchar) as other_value
    from suspects as one
    inner join suspects as other on one.reach_id = other.reach_id and one.birth_date < other.birth_date
    union all
    select
        one.reach_id,
        one.profile_id as one_id,
        other.profile_id as other_id,
        'suffixes_differ' as reason,
        one.suffix_key as one_value,
        other.suffix_key as other_value
    from suspects as one
    inner join suspects as other on one.reach_id = other.reach_id and one.suffix_key < other.suffix_key
    union all
    select
        one.reach_id,
        one.profile_id as one_id,
        other.profile_id as other_id,
        'member_numbers_differ' as reason,
        one.member_number as one_value,
        other.member_number as other_value
    from holders as one
    inner join holders as other
        on
            one.reach_id = other.reach_id
            and one.source_system = other.source_system
            and one.member_number < other.member_number
            and one.first_day <= other.last_day
            and other.first_day <= one.last_day
    union all
    select
        dead.reach_id,
        dead.profile_id as one_id,
        activity.profile_id as other_id,
        'active_after_death' as reason,
        'dead' as one_value,
        'active' as other_value
    from described as dead
    inner join activity
        on
            dead.reach_id = activity.reach_id
            and dead.profile_id <> activity.profile_id
            and {{ dbt.dateadd('day', var('death_margin_days'), 'dead.deceased_on') }} < activity.last_active_on
    union all
    select
        one.reach_id,
        one.profile_id as one_id,
        other.profile_id as other_id,
        'told_apart' as reason,
        'one' as one_value,
        'other' as other_value
    from decided_pairs
    inner join reach as one on decided_pairs.profile_a = one.profile_id
    inner join reach as other on decided_pairs.profile_b = other.profile_id and one.reach_id = other.reach_id
    where decided_pairs.kind = 'distinct'
),

pairs as (
    select distinct
        reach_id,
        least(one_id, other_id) as profile_a,
        greatest(one_id, other_id) as profile_b,
        reason,
        one_value,
        other_value
    from found
),

settled as (
    select distinct
        pairs.reach_id,
        pairs.reason,
        pairs.one_value,
        pairs.other_value
    from pairs
    inner join decided_pairs
        on
            pairs.profile_a = decided_pairs.profile_a
            and pairs.profile_b = decided_pairs.profile_b
            and decided_pairs.kind = 'link'
            and decided_pairs.is_forced
    where pairs.reason <> 'told_apart'
)

select
    pairs.profile_a,
    pairs.profile_b,
    min(pairs.reason) as reason
from pairs
left join settled
    on
        pairs.reach_id = settled.reach_id
        and pairs.reason = settled.reason
        and pairs.one_value = settled.one_value
        and pairs.other_value = settled.other_value
where settled.reach_id is null
group by pairs.profile_a, pairs.profile_b
