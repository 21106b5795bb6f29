-- What the automatic rules together would join, before anything has looked at it.
with labels as (
    {{ connected_components(ref('int_identity__pairs')) }}
)

select
    node_id as profile_id,
    component_id as label_id
from labels
