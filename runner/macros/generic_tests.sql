{#- The four generic tests that every project has. A row returned is a failure. -#}

{% test not_null(model, column_name) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is null
{% endtest %}


{% test unique(model, column_name) %}
select
    {{ column_name }} as repeated_value,
    count(*) as occurrences
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{% endtest %}


{% test accepted_values(model, column_name, values, quote=True) %}
select
    {{ column_name }} as unexpected_value,
    count(*) as occurrences
from {{ model }}
where {{ column_name }} not in (
    {%- for value in values %}
    {%- if quote %}
    '{{ value | string | replace("'", "''") }}'
    {%- else %}
    {{ value }}
    {%- endif %}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
)
group by {{ column_name }}
{% endtest %}


{% test relationships(model, column_name, to, field) %}
select child.{{ column_name }} as orphan_value
from {{ model }} as child
left join {{ to }} as parent
    on parent.{{ field }} = child.{{ column_name }}
where child.{{ column_name }} is not null
    and parent.{{ field }} is null
{% endtest %}
