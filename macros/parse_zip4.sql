{# Takes the last four digits of a nine-digit ZIP as disclosed; null for any other text. #}
{% macro parse_zip4(column) -%}
substring(btrim({{ column }}) from '^[0-9]{5}-?([0-9]{4})$')
{%- endmacro %}
