-- grain: one row per link and cycle (cycle, linkage_id)
-- source: bronze.fec_ccl, the FEC's candidate-committee linkage file
-- units: none
-- note: only authorized committees (is_authorized) are the candidate's own; a joint fundraiser is
--       linked to several candidates, so its money belongs to none of them alone
{{ config(
    indexes=[
        {'columns': ['cycle', 'linkage_id'], 'unique': true},
        {'columns': ['candidate_id']},
        {'columns': ['committee_id']}
    ]
) }}

with

link_lines as (

    select * from {{ source('bronze', 'fec_ccl') }} where _withdrawn is null

),

ranked as (

    select
        link_lines.*,
        row_number() over (
            partition by link_lines.cycle, btrim(link_lines.linkage_id)
            order by link_lines._load_id desc, link_lines._line desc
        ) as recency
    from link_lines

),

final as (

    select
        cycle,
        {{ clean_text('linkage_id') }} as linkage_id,
        {{ clean_text('cand_id') }} as candidate_id,
        {{ clean_text('cmte_id') }} as committee_id,
        {{ clean_text('cmte_tp') }} as committee_type,
        {{ clean_text('cmte_dsgn') }} as designation,
        coalesce(btrim(cmte_dsgn) in ('P', 'A'), false) as is_authorized,
        {{ parse_integer('cand_election_yr') }} as candidate_election_year,
        {{ parse_integer('fec_election_yr') }} as fec_election_year,
        _load_id as bronze_load_id,
        _line as bronze_line
    from ranked
    where recency = 1

)

select * from final
