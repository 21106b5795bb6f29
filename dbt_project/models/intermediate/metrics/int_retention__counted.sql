-- One row per month end and slice: members a year before, those of them still there, members now, and
-- how often somebody entered in between. Counted from stretches, never from people x months.
{%- set bands = [('0-1', 0, 11), ('1-3', 12, 35), ('3-5', 36, 59), ('5-10', 60, 119), ('10+', 120, 99999)] %}
with stretches as (

    select * from {{ ref('int_member_months') }}

),

bands as (
    {%- for name, first, last in bands %}
    select '{{ name }}' as band, {{ first }} as from_month, {{ last }} as to_month
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

-- membership a year before, in the slices of that day
sliced as (

    select member_key, 'all' as slice_name, 'all' as slice_value, first_month, last_month
    from stretches
    where first_month <= last_month
    union all
    select member_key, 'plan' as slice_name, plan_code as slice_value, first_month, last_month
    from stretches
    where first_month <= last_month
    union all
    select
        stretches.member_key,
        'tenure' as slice_name,
        bands.band as slice_value,
        greatest(stretches.first_month, stretches.spell_month + bands.from_month) as first_month,
        least(stretches.last_month, stretches.spell_month + bands.to_month) as last_month
    from stretches
    inner join bands
        on
            stretches.first_month <= stretches.spell_month + bands.to_month
            and stretches.last_month >= stretches.spell_month + bands.from_month
    where stretches.first_month <= stretches.last_month

),

kept as (

    select
        sliced.slice_name,
        sliced.slice_value,
        greatest(sliced.first_month + 12, stretches.first_month) as first_month,
        least(sliced.last_month + 12, stretches.last_month) as last_month
    from sliced
    inner join stretches
        on
            sliced.member_key = stretches.member_key
            and sliced.first_month + 12 <= stretches.last_month
            and sliced.last_month + 12 >= stretches.first_month
    where stretches.first_month <= stretches.last_month

),

-- what begins and ends to count in a month; a running sum then counts everybody
marks as (
    {%- set counted = [
        ('sliced', 'first_month + 12', 'last_month + 13', 'then'),
        ('kept', 'first_month', 'last_month + 1', 'kept'),
        ('sliced', 'first_month', 'last_month + 1', 'now')
    ] %}
    {%- for relation, first, last, measure in counted %}
    {%- for month, step in [(first, 1), (last, -1)] %}
    select
        slice_name,
        slice_value,
        {{ month }} as month_no,
        {{ step if measure == 'then' else 0 }} as members_then,
        {{ step if measure == 'kept' else 0 }} as members_kept,
        {{ step if measure == 'now' else 0 }} as members_now,
        0 as entries
    from {{ relation }}
    union all
    {%- endfor %}
    {%- endfor %}
    {%- for month, step in [('first_month', 1), ('first_month + 12', -1)] %}
    select
        'all' as slice_name,
        'all' as slice_value,
        {{ month }} as month_no,
        0 as members_then,
        0 as members_kept,
        0 as members_now,
        {{ step }} as entries
    from stretches
    where is_entry{{ ' union all' if not loop.last }}
    {%- endfor %}
),

months as (

    {{ months_back(1000) }}

),

spine as (

    select
        slices.slice_name,
        slices.slice_value,
        months.month_no,
        0 as members_then,
        0 as members_kept,
        0 as members_now,
        0 as entries
    from months
    cross join (select distinct slice_name, slice_value from sliced) as slices

),

unioned as (

    select * from marks
    union all
    select * from spine

),

monthly as (

    select
        slice_name,
        slice_value,
        month_no,
        sum(members_then) as members_then,
        sum(members_kept) as members_kept,
        sum(members_now) as members_now,
        sum(entries) as entries
    from unioned
    group by slice_name, slice_value, month_no

)

select
    slice_name,
    slice_value,
    month_no,
    sum(members_then) over up_to_now as members_then,
    sum(members_kept) over up_to_now as members_kept,
    sum(members_now) over up_to_now as members_now,
    sum(entries) over up_to_now as entries
from monthly
window up_to_now as (
    partition by slice_name, slice_value
    order by month_no
    rows between unbounded preceding and current row
)
