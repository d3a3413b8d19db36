-- grain: one row per committee and cycle (cycle, committee_id)
-- source: bronze.fec_cm, the FEC's committee master file
-- units: none
-- note: the file repeats some committees; the last line of the latest load is kept
{{ config(
    indexes=[
        {'columns': ['cycle', 'committee_id'], 'unique': true}
    ]
) }}

with

committee_lines as (

    select * from {{ source('bronze', 'fec_cm') }} where _withdrawn is null

),

ranked as (

    select
        committee_lines.*,
        row_number() over (
            partition by committee_lines.cycle, btrim(committee_lines.cmte_id)
            order by committee_lines._load_id desc, committee_lines._line desc
        ) as recency
    from committee_lines

),

final as (

    select
        cycle,
        {{ clean_text('cmte_id') }} as committee_id,
        {{ clean_text('cmte_nm') }} as committee_name,
        {{ clean_text('tres_nm') }} as treasurer_name,
        {{ clean_text('cmte_st1') }} as street_1,
        {{ clean_text('cmte_st2') }} as street_2,
        {{ clean_text('cmte_city') }} as city,
        {{ clean_text('cmte_st') }} as state,
        {{ clean_text('cmte_zip') }} as zip_code,
        {{ parse_zip5('cmte_zip') }} as zip5,
        {{ parse_zip4('cmte_zip') }} as zip4,
        {{ clean_text('cmte_dsgn') }} as designation,
        {{ clean_text('cmte_tp') }} as committee_type,
        {{ clean_text('cmte_pty_affiliation') }} as party,
        {{ clean_text('cmte_filing_freq') }} as filing_frequency,
        {{ clean_text('org_tp') }} as organization_type,
        {{ clean_text('connected_org_nm') }} as connected_organization_name,
        {{ clean_text('cand_id') }} as candidate_id,
        _load_id as bronze_load_id,
        _line as bronze_line
    from ranked
    where recency = 1

)

select * from final
