{#- Kaplan-Meier survival as a table: per group and duration on which somebody left or was last
    seen, how many were at risk, how many left, and the share that is still there afterwards.
    S(t) = product over t_i <= t of (1 - d_i / n_i); checked against plain loops in tests/dbt.
    relation: a CTE or model; groups: its columns; duration: days seen, >= 0;
    event: 1 when the time ended on that day, 0 when it was only seen so far (censored). -#}
{%- macro stage_survival_curve(relation, groups, duration, event) -%}
    select
        {{ groups | join(', ') }},
        {{ duration }},
        at_risk,
        events,
        case
            when max(case when events = at_risk then 1 else 0 end) over so_far = 1 then 0
            else exp(sum(
                case
                    when events < at_risk
                        then ln(1 - cast(events as double precision) / at_risk)
                    else 0
                end
            ) over so_far)
        end as survival
    from (
        select
            {{ groups | join(', ') }},
            {{ duration }},
            sum({{ event }}) as events,
            sum(count(*)) over (
                partition by {{ groups | join(', ') }}
                order by {{ duration }} desc
                rows between unbounded preceding and current row
            ) as at_risk
        from {{ relation }}
        group by {{ groups | join(', ') }}, {{ duration }}
    ) as steps
    window so_far as (
        partition by {{ groups | join(', ') }}
        order by {{ duration }}
        rows between unbounded preceding and current row
    )
{%- endmacro -%}
