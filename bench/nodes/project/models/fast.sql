{{ config(materialized='table', unlogged=true, pre_hook="set local work_mem = '7MB'") }}
select id, current_setting('work_mem') as memory from {{ ref('people') }}
