-- Where each attribute of a person comes from and why this record had the last word. Values are not here.
{%- set attributes = survivor_columns() %}
with precedence as (
    select * from {{ ref('int_identity__precedence') }}
),

records as (
    select
        precedence.member_key,
        {%- for attribute in attributes %}
        {{ survivor_rank(attribute, 'people', 'precedence.precedence') }} as {{ attribute }}_rank
        {{- ',' if not loop.last }}
        {%- endfor %}
    from precedence
    inner join {{ ref('conformed__people') }} as people
        on
            precedence.source_system = people.source_system
            and precedence.source_record_id = people.source_record_id
),

firsts as (
    select
        member_key,
        {%- for attribute in attributes %}
        min({{ attribute }}_rank) as {{ attribute }}_first{{ ',' if not loop.last }}
        {%- endfor %}
    from records
    group by member_key
),

seconds as (
    select
        firsts.member_key,
        {%- for attribute in attributes %}
        firsts.{{ attribute }}_first,
        min(case when records.{{ attribute }}_rank > firsts.{{ attribute }}_first then records.{{ attribute }}_rank end)
            as {{ attribute }}_second{{ ',' if not loop.last }}
        {%- endfor %}
    from firsts
    inner join records on firsts.member_key = records.member_key
    group by
        firsts.member_key,
        {%- for attribute in attributes %}
        firsts.{{ attribute }}_first{{ ',' if not loop.last }}
        {%- endfor %}
),

winners as (
    {%- for attribute in attributes %}
    select
        member_key,
        '{{ attribute }}' as attribute,
        {{ attribute }}_first as first_rank,
        {{ attribute }}_second as second_rank
    from seconds
    where {{ attribute }}_first is not null
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
)

select
    winners.member_key,
    winners.attribute,
    winner.source_system,
    winner.source_record_id,
    case
        when winners.second_rank is null then 'only_value'
        {%- for attribute, systems in var('verified_by').items() if systems %}
        when
            winners.attribute = '{{ attribute }}'
            and winner.source_system in ({% for name in systems %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
            and runner_up.source_system not in (
                {%- for name in systems %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor -%}
            )
            then 'verified'
        {%- endfor %}
        when runner_up.precedence < winner.precedence then 'completeness'
        when runner_up.priority <> winner.priority then 'source_priority'
        when runner_up.updated_at <> winner.updated_at then 'recency'
        when runner_up.completeness <> winner.completeness then 'completeness'
        else 'record_id'
    end as rule,
    nullif(winner.updated_at, cast('0001-01-01' as timestamp)) as updated_at
from winners
inner join precedence as winner
    on
        winners.member_key = winner.member_key
        and {{ precedence_of_rank('winners.first_rank') }} = winner.precedence
left join precedence as runner_up
    on
        winners.member_key = runner_up.member_key
        and {{ precedence_of_rank('winners.second_rank') }} = runner_up.precedence
