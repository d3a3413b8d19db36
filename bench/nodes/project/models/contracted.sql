{{ config(materialized='table') }}
select name, id, paid, born from {{ ref('people') }}
