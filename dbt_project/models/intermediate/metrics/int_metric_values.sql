-- One row per metric, slice and period: the headline value of every metric table, in one shape.
{%- set tables = {
    'metric_renewal_rate': ['renewal_rate', 'slice_name', 'slice_value'],
    'metric_renewal_dues': ['renewal_dues', 'slice_name', 'slice_value'],
    'metric_first_year_retention': ['first_year_retention', "'all'", "'all'"],
    'metric_retention': ['retention', 'slice_name', 'slice_value'],
    'metric_churn': ['churn', 'slice_name', 'slice_value'],
    'metric_onboarding': ['onboarding', 'slice_name', 'slice_value'],
    'metric_resolution_time': ["resolution_time_' || resolution || '", 'slice_name', 'slice_value'],
    'metric_nps': ["nps_' || survey_kind || '", 'slice_name', 'slice_value'],
    'metric_cohort_survival':
        ["cohort_survival_' || cast(months as varchar) || 'm", 'slice_name', 'slice_value']
} %}
{%- for table, names in tables.items() %}
select
    '{{ names[0] }}' as metric,
    {{ names[1] }} as slice_name,
    {{ names[2] }} as slice_value,
    definition_version,
    value,
    is_mature,
    period_start,
    period_end
from {{ ref(table) }}
{%- if table == 'metric_cohort_survival' %}
-- the period of the other cohorts grows by the day
where slice_name = 'join_year'
{%- endif %}
{{ 'union all' if not loop.last }}
{%- endfor %}
