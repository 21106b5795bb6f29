{# Connected components of an undirected graph: node_id -> the smallest node_id it can be reached from.
   `edges` is a relation with profile_a and profile_b. Labels travel one edge per round until a round
   brings nothing new, so there is no bound to guess; the work is at most the square of a component's
   size, which the block limit and shared addresses keep small. Nodes without an edge do not appear. #}
{% macro connected_components(edges, condition='1 = 1') -%}
  with recursive neighbours as (
    select
      profile_a as from_id,
      profile_b as to_id
    from {{ edges }}
    where {{ condition }}
    union all
    select
      profile_b as from_id,
      profile_a as to_id
    from {{ edges }}
    where {{ condition }}
  ),

  reached (node_id, label_id) as (
    select
      from_id as node_id,
      from_id as label_id
    from neighbours
    union
    select
      neighbours.to_id as node_id,
      reached.label_id
    from reached
    inner join neighbours on reached.node_id = neighbours.from_id
    where reached.label_id < neighbours.to_id
  )

  select
    node_id,
    min(label_id) as component_id
  from reached
  group by node_id
{%- endmacro %}
