-- One row per channel. The list is a seed: which channels there are is decided in review.
select
    channel,
    channel_label,
    channel_group,
    is_digital
from {{ ref('channels') }}
