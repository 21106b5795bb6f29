{#- What the stage models share. Every date is a local calendar date, every length is in days. -#}

{%- macro days_between(first_date, second_date) -%}
    {{ dbt.datediff(first_date, second_date, 'day') }}
{%- endmacro -%}

{#- The end of something that never ends: a lifetime term, an application still open. -#}
{%- macro forever() -%}
    cast('9999-12-31' as date)
{%- endmacro -%}

{#- The phase of the journey map a stage belongs to, as readers know it. -#}
{%- macro stage_label(stage) -%}
    case
        when {{ stage }} in ('prospect', 'awareness') then 'awareness'
        when {{ stage }} in ('research', 'applicant') then 'research'
        when {{ stage }} = 'onboarding' then 'onboarding'
        when {{ stage }} in ('engaged', 'dormant', 'paused') then 'engagement'
        when {{ stage }} = 'advocate' then 'advocacy'
        when {{ stage }} in ('renewal_due', 'grace') then 'renewal'
        when {{ stage }} in ('lapsed', 'former', 'deceased') then 'departure'
        else 'erased'
    end
{%- endmacro -%}

{#- The team that answers for the people in a stage (var `stage_owner_teams`). -#}
{%- macro stage_owner_team(stage) -%}
    case {{ stage }}
        {%- for code, team in var('stage_owner_teams').items() %}
        when '{{ code }}' then '{{ team }}'
        {%- endfor %}
    end
{%- endmacro -%}
