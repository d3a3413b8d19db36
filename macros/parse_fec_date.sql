{#
    Turns a MMDDYYYY date of a bulk file into a date. A day that the calendar does not have
    (`02302019`), a missing digit, `00000000` and any other text give null and never an error:
    PostgreSQL 15 to 18 have no cast that gives null on bad input, so the text is proven good before
    it is cast. `cycle` bounds the year: a row of cycle 2020 may be dated in 2019 and 2020, and in
    the two years before them, since late filings carry old gifts. Outside that (`10171918`) it is a
    typing error.
#}
{% macro parse_fec_date(column, cycle) -%}
case
            when btrim({{ column }}) !~ '^(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(19|20)[0-9]{2}$'
                then null
            when btrim({{ column }}) ~ '^((02|04|06|09|11)31|0230)'
                then null
            when
                btrim({{ column }}) ~ '^0229'
                and btrim({{ column }}) !~ '(19|20)(0[48]|[2468][048]|[13579][26])$'
                and btrim({{ column }}) !~ '2000$'
                then null
            when
                cast(right(btrim({{ column }}), 4) as integer)
                between {{ cycle }} - 3 and {{ cycle }}
                then to_date(btrim({{ column }}), 'MMDDYYYY')
        end
{%- endmacro %}
