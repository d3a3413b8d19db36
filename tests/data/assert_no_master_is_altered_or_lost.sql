-- must hold: each committee and candidate id of the raw master files stands in Silver once per
--            cycle, and its name and ZIP are those of one of its raw lines: leading zeros,
--            quotes and backslashes kept
-- tolerance: none
-- severity: error
with

raw_lines as (

    select
        cycle,
        cmte_id as master_id,
        btrim(coalesce(cmte_nm, ''), e' \t') as master_name,
        btrim(coalesce(cmte_zip, ''), e' \t') as zip_code
    from {{ source('bronze', 'fec_cm') }}
    where _withdrawn is null
    union
    select
        cycle,
        cand_id as master_id,
        btrim(coalesce(cand_name, ''), e' \t') as master_name,
        btrim(coalesce(cand_zip, ''), e' \t') as zip_code
    from {{ source('bronze', 'fec_cn') }}
    where _withdrawn is null

),

silver_rows as (

    select
        cycle,
        committee_id as master_id,
        coalesce(committee_name, '') as master_name,
        coalesce(zip_code, '') as zip_code
    from {{ ref('committees') }}
    union all
    select
        cycle,
        candidate_id as master_id,
        coalesce(candidate_name, '') as master_name,
        coalesce(zip_code, '') as zip_code
    from {{ ref('candidates') }}

),

raw_keys as (

    select distinct
        cycle,
        master_id
    from raw_lines

),

silver_keys as (

    select
        silver_rows.cycle,
        silver_rows.master_id,
        count(*) as row_count,
        bool_and(raw_lines.master_id is not null) as has_raw_line
    from silver_rows
    left join raw_lines
        on silver_rows.cycle = raw_lines.cycle
        and silver_rows.master_id = raw_lines.master_id
        and silver_rows.master_name = raw_lines.master_name
        and silver_rows.zip_code = raw_lines.zip_code
    group by silver_rows.cycle, silver_rows.master_id

)

select
    coalesce(raw_keys.cycle, silver_keys.cycle) as cycle,
    coalesce(raw_keys.master_id, silver_keys.master_id) as master_id,
    silver_keys.row_count,
    silver_keys.has_raw_line
from raw_keys
full join silver_keys
    on raw_keys.cycle = silver_keys.cycle
    and raw_keys.master_id = silver_keys.master_id
where
    raw_keys.master_id is null
    or silver_keys.row_count is distinct from 1
    or not silver_keys.has_raw_line
