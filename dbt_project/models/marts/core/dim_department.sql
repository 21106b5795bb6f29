-- One row per department. The list is a seed: who acts on members is decided in review.
select
    department,
    department_label,
    faces_members
from {{ ref('departments') }}
