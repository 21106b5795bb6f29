with pairs as (
    select * from {{ ref('int_identity__pairs') }}
),

components as (
    select * from {{ ref('int_identity__components') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
)

select
    pairs.profile_a,
    pairs.profile_b,
    pairs.rule_id
from pairs
inner join rules on pairs.rule_id = rules.rule_id
inner join components on pairs.profile_a = components.profile_id
where rules.is_strong and components.guard_reason is not null
