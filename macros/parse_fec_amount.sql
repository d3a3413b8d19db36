{#
    Turns an amount of a bulk file into numeric(14,2) US dollars. The files hold integers or
    decimals with at most two places, negative ones too; Oracle writes half a dollar as `.5`. Any
    other text gives null and never an error.
#}
{% macro parse_fec_amount(column) -%}
cast(
            case
                when btrim({{ column }}) ~ '^-?([0-9]{1,12}([.][0-9]{0,2})?|[.][0-9]{1,2})$'
                    then cast(btrim({{ column }}) as numeric)
            end as numeric(14, 2)
        )
{%- endmacro %}
