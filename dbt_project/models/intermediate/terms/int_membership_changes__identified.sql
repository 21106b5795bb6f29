-- One row per change of a membership other than a term: application, pause, resignation.
with changes as (

    select * from {{ ref('conformed__membership_changes') }}

),

identity as (

    select * from {{ ref('int_identity__current') }}

)

select
    identity.member_key,
    changes.source_system,
    changes.source_change_id,
    changes.source_membership_id,
    changes.change_type,
    changes.change_date,
    changes.known_at
from changes
inner join identity
    on
        changes.source_system = identity.source_system
        and changes.source_record_id = identity.source_record_id
