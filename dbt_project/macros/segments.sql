{#- Segments are configuration: `journey` checks config/segments/*.yml, parses each rule and passes
    what it allows as var `segments`. Nothing else reaches this SQL. -#}

{#- A JSON object, as text, of the named columns and their values. -#}
{%- macro json_object_of(columns) -%}
    {{ return(adapter.dispatch('json_object_of')(columns)) }}
{%- endmacro -%}

{%- macro default__json_object_of(columns) -%}
    cast(json_object({% for column in columns -%}
        '{{ column }}', {{ column }}{{ ', ' if not loop.last }}
    {%- endfor %}) as {{ dbt.type_string() }})
{%- endmacro -%}

{%- macro postgres__json_object_of(columns) -%}
    cast(jsonb_build_object({% for column in columns -%}
        '{{ column }}', {{ column }}{{ ', ' if not loop.last }}
    {%- endfor %}) as text)
{%- endmacro -%}

{%- macro spark__json_object_of(columns) -%}
    to_json(named_struct({% for column in columns -%}
        '{{ column }}', {{ column }}{{ ', ' if not loop.last }}
    {%- endfor %}))
{%- endmacro -%}
