{#- Lists of columns, and queries that tell them. -#}

{% macro get_quoted_csv(column_names) -%}
    {%- set quoted = [] -%}
    {%- for name in column_names -%}{%- do quoted.append(adapter.quote(name)) -%}{%- endfor -%}
    {{ return(quoted | join(', ')) }}
{%- endmacro %}


{% macro get_list_of_column_names(columns) -%}
    {{ return(columns | map(attribute='name') | list) }}
{%- endmacro %}


{#- The columns of the first list whose names the second list has not. -#}
{% macro diff_columns(source_columns, target_columns) -%}
    {%- set known = target_columns | map(attribute='name') | list -%}
    {{ return(source_columns | rejectattr('name', 'in', known) | list) }}
{%- endmacro %}


{% macro get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
    {{ return(adapter.dispatch('get_empty_subquery_sql', 'dbt')(select_sql, select_sql_header)) }}
{%- endmacro %}

{% macro default__get_empty_subquery_sql(select_sql, select_sql_header) -%}
    {{- select_sql_header if select_sql_header is not none -}}
    select * from (
        {{ select_sql }}
    ) as __dbt_sbq
    where false
    limit 0
{% endmacro %}


{% macro get_columns_in_query(select_sql) -%}
    {{ return(adapter.dispatch('get_columns_in_query', 'dbt')(select_sql)) }}
{%- endmacro %}

{% macro default__get_columns_in_query(select_sql) -%}
    {%- call statement('get_columns_in_query', fetch_result=true) -%}
        {{ get_empty_subquery_sql(select_sql) }}
    {%- endcall -%}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {{ return(load_result('get_columns_in_query').table.column_names | list) }}
{%- endmacro %}
