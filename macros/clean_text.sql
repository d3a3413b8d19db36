{# Trims spaces and tabs at both ends of a text column; what is left empty becomes null. #}
{% macro clean_text(column) -%}
nullif(btrim({{ column }}, e' \t'), '')
{%- endmacro %}
