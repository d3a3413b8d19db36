-- grain: one row per candidate and cycle (cycle, candidate_id)
-- source: bronze.fec_cn, the FEC's candidate master file
-- units: none
-- note: the file repeats some candidates; the last line of the latest load is kept. A person who
--       runs for two offices has two candidate ids
{{ config(
    indexes=[
        {'columns': ['cycle', 'candidate_id'], 'unique': true}
    ]
) }}

with

candidate_lines as (

    select * from {{ source('bronze', 'fec_cn') }} where _withdrawn is null

),

ranked as (

    select
        candidate_lines.*,
        row_number() over (
            partition by candidate_lines.cycle, btrim(candidate_lines.cand_id)
            order by candidate_lines._load_id desc, candidate_lines._line desc
        ) as recency
    from candidate_lines

),

final as (

    select
        cycle,
        {{ clean_text('cand_id') }} as candidate_id,
        {{ clean_text('cand_name') }} as candidate_name,
        {{ clean_text('cand_pty_affiliation') }} as party,
        {{ clean_text('cand_office') }} as office,
        {{ clean_text('cand_office_st') }} as office_state,
        {{ clean_text('cand_office_district') }} as office_district,
        {{ clean_text('cand_ici') }} as incumbent_challenge,
        {{ clean_text('cand_status') }} as candidate_status,
        {{ parse_integer('cand_election_yr') }} as election_year,
        {{ clean_text('cand_pcc') }} as principal_committee_id,
        {{ clean_text('cand_st1') }} as street_1,
        {{ clean_text('cand_st2') }} as street_2,
        {{ clean_text('cand_city') }} as city,
        {{ clean_text('cand_st') }} as state,
        {{ clean_text('cand_zip') }} as zip_code,
        {{ parse_zip5('cand_zip') }} as zip5,
        {{ parse_zip4('cand_zip') }} as zip4,
        _load_id as bronze_load_id,
        _line as bronze_line
    from ranked
    where recency = 1

)

select * from final
