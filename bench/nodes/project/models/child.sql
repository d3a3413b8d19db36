{{ config(materialized='table') }}
select id as parent_id, name as label from {{ ref('contracted') }} where id < 3
