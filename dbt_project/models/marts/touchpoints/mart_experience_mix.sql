-- One row per person: the four kinds of experience they had in the last 24 months, and those they did not.
{%- set types = ['routine', 'joyride', 'trek', 'odyssey'] %}
with members as (

    select * from {{ ref('dim_member') }}
    where is_current

),

experienced as (

    select * from {{ ref('int_member__experienced') }}

),

counted as (

    select
        members.member_key,
        coalesce(experienced.touches_24m, 0) as touches_24m,
        {%- for type in types %}
        coalesce(experienced.{{ type }}_24m, 0) as {{ type }}_24m,
        {%- endfor %}
        experienced.last_odyssey_date
    from members
    left join experienced on members.member_key = experienced.member_key

)

select
    member_key,
    cast(touches_24m as integer) as touches_24m,
    {%- for type in types %}
    {{ share(type ~ '_24m', 'touches_24m') }} as {{ type }}_share,
    {%- endfor %}
    case
        when touches_24m > 0 then
            {%- for type in types %}
            {{ '+ ' if not loop.first }}case
                when {{ type }}_24m > 0
                    then 0 - {{ share(type ~ '_24m', 'touches_24m') }} * ln({{ share(type ~ '_24m', 'touches_24m') }})
                else 0
            end / ln(2)
            {%- endfor %}
    end as entropy_bits,
    {%- for type in types %}
    {{ type }}_24m = 0 as is_{{ type }}_missing,
    {%- endfor %}
    {%- for type in types %}
    {{ '+ ' if not loop.first }}case when {{ type }}_24m = 0 then 1 else 0 end
    {%- endfor %} as missing_types,
    last_odyssey_date,
    {{ as_of_date() }} as as_of_date
from counted
