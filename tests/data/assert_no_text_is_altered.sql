-- must hold: ZIPs, names, employers and memos in silver.contributions are the raw text but for
--            blanks at the ends: every leading zero, quote and backslash is kept
-- tolerance: none
-- severity: error
with

bronze_lines as (

    select * from {{ source('bronze', 'fec_indiv') }} where _withdrawn is null

),

contributions as (

    select * from {{ ref('contributions') }}

)

select
    contributions.sub_id,
    bronze_lines.zip_code as bronze_zip_code,
    contributions.zip_code,
    contributions.zip5,
    contributions.zip4,
    bronze_lines.name as bronze_name,
    contributions.contributor_name
from contributions
inner join bronze_lines
    on contributions.cycle = bronze_lines.cycle
    and contributions.bronze_load_id = bronze_lines._load_id
    and contributions.bronze_line = bronze_lines._line
where
    coalesce(contributions.zip_code, '') <> btrim(coalesce(bronze_lines.zip_code, ''), e' \t')
    or contributions.zip5 <> left(contributions.zip_code, 5)
    or contributions.zip4 <> right(contributions.zip_code, 4)
    or (contributions.zip_code ~ '^[0-9]{5}([0-9]{4})?$' and contributions.zip5 is null)
    or coalesce(contributions.contributor_name, '')
        <> btrim(coalesce(bronze_lines.name, ''), e' \t')
    or coalesce(contributions.employer, '') <> btrim(coalesce(bronze_lines.employer, ''), e' \t')
    or coalesce(contributions.memo_text, '') <> btrim(coalesce(bronze_lines.memo_text, ''), e' \t')
