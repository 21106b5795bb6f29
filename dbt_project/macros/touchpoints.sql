{#- What the models of touchpoints and messages share. Definitions: docs/DECISIONLOG.md. -#}

{#- The key of a touchpoint; a fact that knows the parts finds its touchpoint without a join. -#}
{%- macro touchpoint_id(source_system, activity, source_id, source_record_id) -%}
    {{ surrogate_key([source_system, activity, source_id, source_record_id]) }}
{%- endmacro -%}

{#- The touchpoint that a message of a channel is. -#}
{%- macro sent_activity(channel) -%}
    case {{ channel }}
        when 'post' then 'post_sent'
        when 'sms' then 'sms_sent'
        when 'phone' then 'phone_call_outbound'
        else 'email_sent'
    end
{%- endmacro -%}

{#- Whether a machine clicked: sooner after sending than anybody reads. Null without a click, and
    where the source gives the moment of sending for the click because it knows no better. -#}
{%- macro is_machine_click(sent_at, clicked_at) -%}
    case
        when {{ clicked_at }} <> {{ sent_at }}
            then {{ clicked_at }} < {{ dbt.dateadd('second', var('machine_click_seconds'), sent_at) }}
    end
{%- endmacro -%}

{#- Whether a message is of a kind of var `message_purposes`, by its purpose. -#}
{%- macro has_purpose(purpose, kind) -%}
    {%- set known = var('message_purposes')[kind] + (var('more_message_purposes').get(kind) or []) -%}
    coalesce({{ purpose }} in ({{ quoted_list(known) }}), false)
{%- endmacro -%}

{#- Whether the answer to a survey is a bad experience (var `low_score`). -#}
{%- macro is_low_score(survey_code, score) -%}
    coalesce(
        {{ score }} <= case
            when lower({{ survey_code }}) like 'csat%' then {{ var('low_score')['csat'] }}
            else {{ var('low_score')['other'] }}
        end,
        false
    )
{%- endmacro -%}

{#- Texts in lower case as an SQL list, for `in`; a list of nothing equals nothing. -#}
{%- macro quoted_list(texts) -%}
    {%- for text in texts -%}
        '{{ text | lower | replace("'", "''") }}'{{ ', ' if not loop.last }}
    {%- else -%}
        null
    {%- endfor -%}
{%- endmacro -%}
