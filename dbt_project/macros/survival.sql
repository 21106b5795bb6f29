{#- Kaplan-Meier survival with delayed entry, Greenwood's variance and the log-log interval.

    relation       a table or CTE with one row per subject
    by             columns that name a curve; every curve is on its own
    duration       until when the subject was seen, in whole units of time since its start; an end
                   before the start (a death on record before the first day) is one at the start
    event          1 when what is waited for happened then, 0 when only the watching ended
    entry          until when the subject was not watched yet: it counts as at risk from the moment
                   after it. Whoever is known only because they lasted until the data began enters
                   here; null or -1 = watched from the start.

    One row per curve and moment: at_risk, events, survival, greenwood (the sum of d / (n (n - d))),
    lo, hi. Survival never rises, so a value at a horizon is a minimum and a quantile of the time is
    a minimum too: see survival_at and survival_time. Estimates are the textbook's (Kaplan and Meier
    1958; Kalbfleisch and Prentice 2002, 1.4); checked against lifelines 0.30.0 by
    tests/dbt/test_survival.py. -#}
{%- macro kaplan_meier(relation, by, duration, event, entry='-1') -%}
    {%- set keys = by | join(', ') -%}
    {%- set until = 'greatest(' ~ duration ~ ', 0)' -%}
    select
        {{ keys }},
        moment,
        at_risk,
        events,
        survival,
        greenwood,
        {{ loglog_bound('survival', 'greenwood', 'low') }} as lo,
        {{ loglog_bound('survival', 'greenwood', 'high') }} as hi
    from (
        select
            {{ keys }},
            moment,
            at_risk,
            events,
            {#- a product of shares as a sum of logarithms; 12 digits, so that a half is a half #}
            case
                when max(case when events > 0 and events = at_risk then 1 else 0 end) over curve = 1
                    then 0
                else round(exp(sum(
                    case
                        when events > 0 and events < at_risk
                            then ln(1 - cast(events as double precision) / at_risk)
                        else 0
                    end
                ) over curve), 12)
            end as survival,
            sum(
                case
                    when events > 0 and events < at_risk
                        then cast(events as double precision) / at_risk / (at_risk - events)
                    else 0
                end
            ) over curve as greenwood
        from (
            select
                {{ keys }},
                moment,
                events,
                sum(entered - ended) over (
                    partition by {{ keys }}
                    order by moment
                    rows between unbounded preceding and current row
                ) - entered + ended as at_risk
            from (
                select
                    {{ keys }},
                    moment,
                    sum(entered) as entered,
                    sum(ended) as ended,
                    sum(events) as events
                from (
                    select
                        {{ keys }},
                        coalesce({{ entry }}, -1) as moment,
                        1 as entered,
                        0 as ended,
                        0 as events
                    from {{ relation }}
                    where coalesce({{ entry }}, -1) < {{ until }}
                    union all
                    select
                        {{ keys }},
                        {{ until }} as moment,
                        0 as entered,
                        1 as ended,
                        {{ event }} as events
                    from {{ relation }}
                    where coalesce({{ entry }}, -1) < {{ until }}
                ) as marks
                group by {{ keys }}, moment
            ) as moments
        ) as risks
        window curve as (
            partition by {{ keys }}
            order by moment
            rows between unbounded preceding and current row
        )
    ) as curves
{%- endmacro -%}

{#- One bound of the log-log 95 % interval of a survival share: it stays within 0 and 1. Null where
    the variance says nothing: nobody or everybody left. -#}
{%- macro loglog_bound(survival, greenwood, side) -%}
    case
        when {{ survival }} > 0 and {{ survival }} < 1 and {{ greenwood }} > 0
            then power({{ survival }}, exp(
                {{ '' if side == 'low' else '-' }}{{ z95() }} * sqrt({{ greenwood }})
                / abs(ln({{ survival }}))
            ))
    end
{%- endmacro -%}

{#- Survival at a horizon, over the rows of one curve. -#}
{%- macro survival_at(horizon) -%}
    coalesce(min(case when moment <= {{ horizon }} then survival end), 1)
{%- endmacro -%}

{#- Greenwood's sum at a horizon, over the rows of one curve. -#}
{%- macro greenwood_at(horizon) -%}
    coalesce(max(case when moment <= {{ horizon }} then greenwood end), 0)
{%- endmacro -%}

{#- The first moment at which this share is left or less, over the rows of one curve: 0.5 gives the
    median. Null while more are left. `of` may be lo or hi: the interval of Brookmeyer and Crowley
    (1982) are the moments at which the bounds of the curve cross the share. -#}
{%- macro survival_time(share_left, of='survival') -%}
    min(case when {{ of }} <= {{ share_left }} then moment end)
{%- endmacro -%}

{#- Cumulative incidence of one cause of an end beside others (Aalen and Johansen 1978): the chance to
    have ended from this cause by then. `all_causes` and `one_cause` are CTEs of kaplan_meier over the
    same subjects, with every end and with this end as the event; 1 - S of the latter would count
    those who ended otherwise as if they could still end so. One row per curve and moment. -#}
{%- macro cumulative_incidence(all_causes, one_cause, by) -%}
    {%- set keys = by | join(', ') -%}
    select
        {{ keys }},
        moment,
        sum(cast(events as double precision) / at_risk * survival_before) over (
            partition by {{ keys }}
            order by moment
            rows between unbounded preceding and current row
        ) as incidence
    from (
        select
            {%- for key in by %}
            one_cause.{{ key }},
            {%- endfor %}
            one_cause.moment,
            one_cause.events,
            nullif(one_cause.at_risk, 0) as at_risk,
            coalesce(lag(all_causes.survival) over (
                partition by {% for key in by %}one_cause.{{ key }}{{ ', ' if not loop.last }}{% endfor %}
                order by one_cause.moment
            ), 1) as survival_before
        from {{ one_cause }} as one_cause
        inner join {{ all_causes }} as all_causes
            on
                one_cause.moment = all_causes.moment
                {%- for key in by %}
                and one_cause.{{ key }} = all_causes.{{ key }}
                {%- endfor %}
    ) as steps
{%- endmacro -%}
