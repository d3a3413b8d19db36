{# Turns up to nine digits into an integer; any other text gives null and never an error. #}
{% macro parse_integer(column) -%}
case when btrim({{ column }}) ~ '^[0-9]{1,9}$' then cast(btrim({{ column }}) as integer) end
{%- endmacro %}
