-- One row per two people who may be one, waiting for somebody's judgement. When a pair first came up is
-- carried on from the table as the last build left it.
{%- set before = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier) %}
with review as (
    select * from {{ ref('int_identity__review') }}
),

seen as (
    {% if before -%}
    select
        review_id,
        first_seen_at
    from {{ before }}
    {%- else -%}
    select
        cast(null as varchar) as review_id,
        cast(null as timestamp) as first_seen_at
    where 1 = 0
    {%- endif %}
)

select
    review.review_id,
    review.reason,
    review.rule_id,
    review.agrees,
    review.differs,
    review.profile_count,
    review.left_source_system,
    review.left_record_id,
    review.left_member_key,
    review.right_source_system,
    review.right_record_id,
    review.right_member_key,
    coalesce(seen.first_seen_at, {{ knowledge_timestamp() }}) as first_seen_at
from review
left join seen on review.review_id = seen.review_id
