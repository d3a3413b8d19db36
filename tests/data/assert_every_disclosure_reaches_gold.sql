-- must hold: the keys of the raw lines, of silver.contributions and of gold.fct_contributions
--            are the same set; nothing is dropped on the way and nothing is made up
-- tolerance: none
-- severity: error
with

bronze_keys as (

    select distinct btrim(sub_id) as sub_id
    from {{ source('bronze', 'fec_indiv') }}
    where _withdrawn is null

),

silver_keys as (

    select sub_id from {{ ref('contributions') }}

),

gold_keys as (

    select sub_id from {{ ref('fct_contributions') }}

)

select
    bronze_keys.sub_id as bronze_sub_id,
    silver_keys.sub_id as silver_sub_id,
    gold_keys.sub_id as gold_sub_id
from bronze_keys
full join silver_keys
    on bronze_keys.sub_id = silver_keys.sub_id
full join gold_keys
    on silver_keys.sub_id = gold_keys.sub_id
where
    bronze_keys.sub_id is null
    or silver_keys.sub_id is null
    or gold_keys.sub_id is null
