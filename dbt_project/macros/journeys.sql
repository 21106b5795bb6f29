{#- Service journeys are configuration: `journey` checks config/journeys/*.yml and passes them as var
    `journeys`. Their words reach SQL as text literals only. -#}

{#- A text from the configuration as a SQL literal; null stays null. -#}
{%- macro text_literal(value) -%}
    {%- if value is none -%}
        cast(null as {{ dbt.type_string() }})
    {%- else -%}
        cast({{ dbt.string_literal(dbt.escape_single_quotes(value)) }} as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro -%}

{#- Every signal of every journey as a flat list: who listens (role, stage), and to what. -#}
{%- macro journey_rules() -%}
    {%- set found = [] -%}
    {%- for journey in var('journeys') -%}
        {%- set roles = [
            ('start', 0, journey.start),
            ('success', 0, journey.success),
            ('expired', 0, journey.end.expires_when),
            ('withdrawn', 0, journey.end.withdrawn_when),
        ] -%}
        {%- for stage in journey.stages -%}
            {%- do roles.append(('done', loop.index, stage.done_when)) -%}
        {%- endfor -%}
        {%- for role, stage_no, signals in roles -%}
            {%- for signal in signals -%}
                {%- do found.append({
                    'journey': journey, 'role': role, 'stage_no': stage_no, 'signal': signal
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro -%}

{#- The moment that ends the given number of whole days after the local day of a moment. -#}
{%- macro end_of_day_after(moment, days) -%}
    {{ day_start_utc(add_days(local_date(moment), days ~ ' + 1')) }}
{%- endmacro -%}

{#- Hours between two moments, with fractions. -#}
{%- macro hours_between(first_moment, second_moment) -%}
    cast({{ dbt.datediff(first_moment, second_moment, 'second') }} as double precision) / 3600
{%- endmacro -%}
