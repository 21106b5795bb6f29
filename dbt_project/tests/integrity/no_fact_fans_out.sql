-- Joining people, events and plans on never adds or drops a row.
with counts as (
    select
        'registrations' as fact,
        (select count(*) from {{ ref('conformed__registrations') }}) as rows_in,
        (select count(*) from {{ ref('fct_event_registration') }}) as rows_out
    {%- if is_read('pretix') %}
    union all
    select
        'tickets' as fact,
        (select count(*) from {{ ref('base_pretix__positions') }}) as rows_in,
        (
            select count(*) from {{ ref('conformed__registrations') }}
            where source_system = 'pretix'
        ) as rows_out
    {%- endif %}
    {%- if is_read('mailchimp') %}
    union all
    select
        'campaign copies' as fact,
        (
            select count(*)
            from ({{ raw_current('mailchimp', 'sent_to') }}) as sent_to
            inner join ({{ raw_current('mailchimp', 'report') }}) as report on sent_to.campaign_id = report.id
        ) as rows_in,
        (
            select count(*) from {{ ref('conformed__messages') }}
            where source_system = 'mailchimp'
        ) as rows_out
    {%- endif %}
    {%- if is_read('civicrm') %}
    union all
    select
        'terms opened' as fact,
        (
            select count(*) from {{ ref('base_civicrm__membership_steps') }}
            where step = 'term_opened'
        ) as rows_in,
        (
            select count(*) from {{ ref('conformed__membership_terms') }}
            where source_system = 'civicrm'
        ) as rows_out
    {%- endif %}
)

select *
from counts
where rows_in <> rows_out
