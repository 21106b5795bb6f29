{# What a person is known by, and which of it survives together: the parts of an address never come from
   two records. {attribute: columns of conformed__people}. #}
{% macro survivor_columns() -%}
  {{ return({
    'member_number': ['member_number'],
    'first_name': ['first_name'],
    'last_name': ['last_name'],
    'birth_date': ['birth_date'],
    'email': ['email'],
    'phone_e164': ['phone_e164'],
    'address': ['street', 'postal_code', 'city'],
  }) }}
{%- endmacro %}

{# Place of a source in var `source_priority`, from 1; unlisted ones come last. #}
{% macro source_rank(source_system) -%}
  case {{ source_system }}
    {%- for name in var('source_priority') %}
    when '{{ name }}' then {{ loop.index }}
    {%- endfor %}
    else 999
  end
{%- endmacro %}

{# Which record an attribute survives from: the smallest rank; null where the record has no value. A value
   of a system that has checked it comes first, a whole address before a part of one, then the record's
   precedence. `people` is the alias of conformed__people, `precedence` an integer expression. #}
{% macro survivor_rank(attribute, people, precedence) -%}
  {%- set checking = var('verified_by').get(attribute, []) -%}
  case
    {%- if attribute == 'address' %}
    when {{ people }}.street is null and {{ people }}.postal_code is null and {{ people }}.city is null then null
    {%- elif attribute == 'email' %}
    when {{ people }}.email is null or {{ people }}.email_key is null then null
    {%- else %}
    when {{ people }}.{{ attribute }} is null then null
    {%- endif %}
    else
      {{ precedence }}
      {%- if checking %}
      + case
        when
          {{ people }}.source_system in ({% for name in checking %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
          then 0
        else {{ survivor_step() }}
      end
      {%- endif %}
      {%- if attribute == 'address' %}
      + case
        when {{ people }}.street is not null and {{ people }}.postal_code is not null then 0
        else {{ 2 * survivor_step() }}
      end
      {%- endif %}
  end
{%- endmacro %}

{# More than the records of any one person. #}
{% macro survivor_step() -%}
  {{ return(1000000) }}
{%- endmacro %}

{# The precedence that a rank was made of. #}
{% macro precedence_of_rank(rank) -%}
  (
    {{ rank }}
    - case
      when {{ rank }} > {{ 3 * survivor_step() }} then {{ 3 * survivor_step() }}
      when {{ rank }} > {{ 2 * survivor_step() }} then {{ 2 * survivor_step() }}
      when {{ rank }} > {{ survivor_step() }} then {{ survivor_step() }}
      else 0
    end
  )
{%- endmacro %}
