{{ config(materialized='incremental', unique_key='id', grants={'select': ['bench_reader']}) }}
select id, name from {{ ref('people') }}
{% if is_incremental() %} where id > 1 {% endif %}
