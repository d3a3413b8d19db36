{% macro note_columns(relation) %}
    {% set columns = adapter.get_columns_in_relation(relation) %}
    {% set found = run_query('select max(id) as top from ' ~ relation) %}
    insert into {{ target.schema }}.hook_log values (
        '{{ columns | map(attribute="name") | join(",") }} {{ found.columns[0].values()[0] if found }}'
    )
{% endmacro %}
