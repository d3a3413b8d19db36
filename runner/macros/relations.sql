{#- What materializations of a project's own are made of. Nothing here drops by cascade. -#}

{% macro create_schema(relation) -%}
    {%- do adapter.create_schema(relation) -%}
{%- endmacro %}

{% macro drop_schema(relation) -%}
    {%- do adapter.drop_schema(relation) -%}
{%- endmacro %}

{% macro drop_relation(relation) -%}
    {%- do adapter.drop_relation(relation) -%}
{%- endmacro %}

{% macro drop_relation_if_exists(relation) -%}
    {%- if relation is not none -%}{%- do adapter.drop_relation(relation) -%}{%- endif -%}
{%- endmacro %}

{% macro rename_relation(from_relation, to_relation) -%}
    {%- do adapter.rename_relation(from_relation, to_relation) -%}
{%- endmacro %}

{% macro truncate_relation(relation) -%}
    {%- do adapter.truncate_relation(relation) -%}
{%- endmacro %}


{#- Names beside a relation. -#}
{% macro make_intermediate_relation(base_relation, suffix='__dbt_tmp') -%}
    {{ return(adapter.dispatch('make_intermediate_relation', 'dbt')(base_relation, suffix)) }}
{%- endmacro %}

{% macro default__make_intermediate_relation(base_relation, suffix) -%}
    {{ return(base_relation.incorporate(path={'identifier': base_relation.identifier ~ suffix})) }}
{%- endmacro %}

{% macro make_backup_relation(base_relation, backup_relation_type, suffix='__dbt_backup') -%}
    {{ return(adapter.dispatch('make_backup_relation', 'dbt')(base_relation, backup_relation_type, suffix)) }}
{%- endmacro %}

{% macro default__make_backup_relation(base_relation, backup_relation_type, suffix) -%}
    {%- set identifier = base_relation.identifier ~ suffix -%}
    {{ return(base_relation.incorporate(path={'identifier': identifier}, type=backup_relation_type)) }}
{%- endmacro %}


{% macro create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {{ adapter.dispatch('create_table_as', 'dbt')(temporary, relation, compiled_code) }}
{%- endmacro %}

{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {{- config.get('sql_header', none) or '' }}
    create {% if temporary %}temporary {% elif config.get('unlogged', false) %}unlogged {% endif %}table
        {{ relation.include(database=false, schema=not temporary) }} as (
        {{ sql }}
    )
{%- endmacro %}

{% macro get_create_table_as_sql(temporary, relation, sql) -%}
    {{ create_table_as(temporary, relation, sql) }}
{%- endmacro %}

{% macro create_view_as(relation, sql) -%}
    {{ adapter.dispatch('create_view_as', 'dbt')(relation, sql) }}
{%- endmacro %}

{% macro default__create_view_as(relation, sql) -%}
    {{- config.get('sql_header', none) or '' }}
    create view {{ relation.include(database=false) }} as (
        {{ sql }}
    )
{%- endmacro %}

{% macro get_create_view_as_sql(relation, sql) -%}
    {{ create_view_as(relation, sql) }}
{%- endmacro %}


{#- Indexes as the config lists them; a name of PostgreSQL's choosing. -#}
{% macro get_create_index_sql(relation, index_dict) -%}
    {{ adapter.dispatch('get_create_index_sql', 'dbt')(relation, index_dict) }}
{%- endmacro %}

{% macro postgres__get_create_index_sql(relation, index_dict) -%}
    create {% if index_dict.get('unique') %}unique {% endif %}index on {{ relation.include(database=false) }}
    {%- if index_dict.get('type') %} using {{ index_dict.get('type') }}{% endif %}
    ({{ get_quoted_csv(index_dict['columns']) }})
{%- endmacro %}

{% macro create_indexes(relation) -%}
    {%- for index_dict in config.get('indexes', []) or [] -%}
        {%- do run_query(get_create_index_sql(relation, index_dict)) -%}
    {%- endfor -%}
{%- endmacro %}


{#- Hooks of the node. The whole materialization is one transaction: `inside_transaction` only chooses. -#}
{% macro run_hooks(hooks, inside_transaction=true) -%}
    {%- for hook in hooks | selectattr('transaction', 'equalto', inside_transaction) -%}
        {%- set rendered = render(hook.sql) | trim -%}
        {%- if rendered | length > 0 -%}{%- do run_query(rendered) -%}{%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{#- Rights that the config names, given; those of others are left. -#}
{% macro should_revoke(existing_relation, full_refresh_mode=true) -%}
    {{ return(existing_relation is not none and not full_refresh_mode) }}
{%- endmacro %}

{% macro apply_grants(relation, grant_config, should_revoke=true) -%}
    {%- for privilege, grantees in (grant_config or {}).items() -%}
        {%- for grantee in grantees -%}
            {%- do run_query('grant ' ~ privilege ~ ' on ' ~ relation.include(database=false) ~ ' to ' ~ adapter.quote(grantee)) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}


{#- Descriptions as comments, where `persist_docs` asks for them. -#}
{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}
    {%- set kind = 'materialized view' if relation.type == 'materialized_view' else (relation.type or 'table') -%}
    {%- set name = relation.include(database=false) -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do run_query('comment on ' ~ kind ~ ' ' ~ name ~ ' is ' ~ string_literal(model.description | replace("'", "''"))) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- set there = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
        {%- for column in model.columns.values() if column.name in there and column.description -%}
            {%- do run_query('comment on column ' ~ name ~ '.' ~ adapter.quote(column.name) ~ ' is ' ~ string_literal(column.description | replace("'", "''"))) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- Taking rows in. NULL counts as equal to NULL in a key. -#}
{% macro get_insert_into_sql(target, source, dest_columns) -%}
    {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ source }}
{%- endmacro %}

{% macro get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
    {{ adapter.dispatch('get_delete_insert_merge_sql', 'dbt')(target, source, unique_key, dest_columns, incremental_predicates) }}
{%- endmacro %}

{% macro default__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
    {%- if unique_key -%}
        {%- set keys = [unique_key] if unique_key is string else unique_key -%}
        delete from {{ target }} as DBT_INTERNAL_DEST
        using {{ source }} as DBT_INTERNAL_SOURCE
        where
            {%- for key in keys %}
            {% if not loop.first %}and {% endif %}DBT_INTERNAL_SOURCE.{{ key }} is not distinct from DBT_INTERNAL_DEST.{{ key }}
            {%- endfor %}
            {%- for predicate in incremental_predicates or [] %}
            and {{ predicate }}
            {%- endfor %};
    {%- endif %}
    {{ get_insert_into_sql(target, source, dest_columns) }}
{%- endmacro %}

{% macro get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
    {{ adapter.dispatch('get_merge_sql', 'dbt')(target, source, unique_key, dest_columns, incremental_predicates) }}
{%- endmacro %}

{% macro default__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
    {%- set keys = [] if not unique_key else ([unique_key] if unique_key is string else unique_key) -%}
    {%- set names = dest_columns | map(attribute='name') | list -%}
    {%- set wanted = config.get('merge_update_columns', none) or names -%}
    {%- set unwanted = config.get('merge_exclude_columns', none) or [] -%}
    merge into {{ target }} as DBT_INTERNAL_DEST
    using {{ source }} as DBT_INTERNAL_SOURCE
    on {% if keys | length == 0 %}false{% endif %}
        {%- for key in keys -%}
        {% if not loop.first %} and {% endif %}DBT_INTERNAL_SOURCE.{{ key }} = DBT_INTERNAL_DEST.{{ key }}
        {%- endfor %}
        {%- for predicate in incremental_predicates or [] %}
        and {{ predicate }}
        {%- endfor %}
    {%- if keys | length > 0 %}
    when matched then update set
        {%- for name in names if name in wanted and name not in unwanted %}
        {% if not loop.first %}, {% endif %}{{ adapter.quote(name) }} = DBT_INTERNAL_SOURCE.{{ adapter.quote(name) }}
        {%- endfor %}
    {%- endif %}
    when not matched then insert ({{ get_quoted_csv(names) }})
    values (
        {%- for name in names -%}
        {% if not loop.first %}, {% endif %}DBT_INTERNAL_SOURCE.{{ adapter.quote(name) }}
        {%- endfor -%}
    )
{%- endmacro %}


{% macro noop_statement(name=none, message=none, code=none, rows_affected=none, res=none) -%}
    {%- if name is not none -%}
        {%- do store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) -%}
    {%- endif -%}
{%- endmacro %}
