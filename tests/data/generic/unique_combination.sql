{#
    Fails for each combination of values that more than one row has. Null counts as a value, so that
    two rows with a null in the same place are found.
#}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
