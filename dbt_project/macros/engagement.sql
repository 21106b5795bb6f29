{#- One setting of an activity's weight: the organisation's own (var `engagement_weights`), else
    the seed's. -#}
{%- macro engagement_setting(setting, fallback) -%}
    {%- set own = [] -%}
    {%- for activity, settings in var('engagement_weights').items() if setting in settings -%}
        {%- do own.append((activity, settings[setting])) -%}
    {%- endfor -%}
    {%- if own -%}
    case activities.activity
        {%- for activity, amount in own %}
        when '{{ activity }}' then {{ amount }}
        {%- endfor %}
        else {{ fallback }}
    end
    {%- else -%}
    {{ fallback }}
    {%- endif -%}
{%- endmacro -%}

{#- What is left of `points` after some days, at this half-life: points * 2^(-days / half-life). -#}
{%- macro decayed(points, days, half_life_days) -%}
    {{ points }} * power(
        cast(0.5 as double precision),
        cast({{ days }} as double precision) / {{ half_life_days }}
    )
{%- endmacro -%}
