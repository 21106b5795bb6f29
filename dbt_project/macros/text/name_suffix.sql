{# The generation a name ends with ("Jr.", "sen.", "III"), as a word two spellings share, or null. #}
{% macro name_suffix(expression) -%}
  case
    {%- for generation, spellings in generation_spellings().items() %}
    when
      {%- for spelling in spellings %}
      {{ 'or ' if not loop.first }}{{ name_words(expression) }} like '% {{ spelling }}'
      {%- endfor %}
      then '{{ generation }}'
    {%- endfor %}
  end
{%- endmacro %}

{# The name without that ending: "smith" of "Smith, Jr.". #}
{% macro without_suffix(expression) -%}
  case
    {%- for spellings in generation_spellings().values() %}
    {%- for spelling in spellings %}
    when {{ name_words(expression) }} like '% {{ spelling }}'
      then substring(
        {{ name_words(expression) }}, 1, length({{ name_words(expression) }}) - {{ spelling | length + 1 }}
      )
    {%- endfor %}
    {%- endfor %}
    else cast({{ expression }} as varchar)
  end
{%- endmacro %}

{% macro generation_spellings() -%}
  {{ return({
    'junior': ['jr', 'jun', 'junior'],
    'senior': ['sr', 'sen', 'senior'],
    'second': ['ii'],
    'third': ['iii'],
    'fourth': ['iv'],
  }) }}
{%- endmacro %}

{% macro name_words(expression) -%}
  lower(trim(replace(replace(cast({{ expression }} as varchar), '.', ''), ',', ' ')))
{%- endmacro %}
