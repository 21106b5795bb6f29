{# An amount in major units ("12.50") -> integer minor units (1250), by the currency's own number of
   decimals (ISO 4217: none for the yen, three for the dinars). #}
{% macro to_minor(amount, currency) -%}
  cast(round({{ amount }} * case
    when upper({{ currency }}) in (
      'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
    ) then 1
    when upper({{ currency }}) in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 1000
    else 100
  end) as bigint)
{%- endmacro %}
