{#- The four generic tests that every project has. A row returned is a failure. -#}

{% test not_null(model, column_name) %}
    {%- set made = adapter.dispatch('test_not_null', 'dbt') -%}
    {{ made(model, column_name) }}
{% endtest %}

{% macro default__test_not_null(model, column_name) %}
select {{ '*' if should_store_failures() else column_name }}
from {{ model }}
where {{ column_name }} is null
{% endmacro %}


{% test unique(model, column_name) %}
    {%- set made = adapter.dispatch('test_unique', 'dbt') -%}
    {{ made(model, column_name) }}
{% endtest %}

{% macro default__test_unique(model, column_name) %}
select
    {{ column_name }} as unique_field,
    count(*) as n_records
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{% endmacro %}


{% test accepted_values(model, column_name, values, quote=True) %}
    {%- set made = adapter.dispatch('test_accepted_values', 'dbt') -%}
    {{ made(model, column_name, values, quote) }}
{% endtest %}

{% macro default__test_accepted_values(model, column_name, values, quote=True) %}
{%- set mark = "'" if quote else '' %}
with all_values as (
    select
        {{ column_name }} as value_field,
        count(*) as n_records
    from {{ model }}
    group by {{ column_name }}
)
select *
from all_values
where value_field not in (
    {% for value in values %}{{ mark }}{{ value }}{{ mark }}{{ ',' if not loop.last }}{% endfor %}
)
{% endmacro %}


{% test relationships(model, column_name, to, field) %}
    {%- set made = adapter.dispatch('test_relationships', 'dbt') -%}
    {{ made(model, column_name, to, field) }}
{% endtest %}

{% macro default__test_relationships(model, column_name, to, field) %}
with child as (
    select {{ column_name }} as from_field
    from {{ model }}
    where {{ column_name }} is not null
),
parent as (
    select {{ field }} as to_field
    from {{ to }}
)
select from_field
from child
left join parent
    on child.from_field = parent.to_field
where parent.to_field is null
{% endmacro %}


{#- What a generic test reads in place of its model: the model, or the rows that `where` leaves. -#}
{% macro get_where_subquery(relation) -%}
    {{ return(adapter.dispatch('get_where_subquery', 'dbt')(relation)) }}
{%- endmacro %}

{% macro default__get_where_subquery(relation) -%}
    {%- set condition = config.get('where', '') -%}
    {%- if not condition -%}{{ return(relation) }}{%- endif -%}
    (select * from {{ relation }} where {{ condition }}) dbt_subquery
{%- endmacro %}


{% macro should_store_failures() -%}
    {%- set own = config.get('store_failures') -%}
    {{ return(flags.STORE_FAILURES if own is none else own) }}
{%- endmacro %}
