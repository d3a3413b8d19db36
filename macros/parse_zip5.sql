{#
    Takes the five-digit ZIP from a ZIP as disclosed, leading zeros kept, when that has five or nine
    digits. Shorter, longer and foreign codes give null: nobody can say which digits are missing.
#}
{% macro parse_zip5(column) -%}
substring(btrim({{ column }}) from '^([0-9]{5})(?:-?[0-9]{4})?$')
{%- endmacro %}
