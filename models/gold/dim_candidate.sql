-- grain: one row per candidate and cycle (cycle, candidate_id)
-- source: silver.candidates and silver.candidate_committee_links, with names from the code lists
-- units: authorized_committee_count in committees
-- note: a code that the lists lack has a null name; its party falls in the group OTH
{{ config(
    materialized='view'
) }}

with

candidates as (

    select * from {{ ref('candidates') }}

),

links as (

    select * from {{ ref('candidate_committee_links') }}

),

offices as (

    select * from {{ ref('offices') }}

),

parties as (

    select * from {{ ref('parties') }}

),

authorized_committees as (

    select
        cycle,
        candidate_id,
        count(distinct committee_id) as authorized_committee_count
    from links
    where is_authorized
    group by cycle, candidate_id

),

final as (

    select
        candidates.cycle,
        candidates.candidate_id,
        candidates.candidate_name,
        candidates.office,
        offices.office_name,
        candidates.office_state,
        candidates.office_district,
        candidates.party,
        parties.party_name,
        case
            when candidates.party is not null then coalesce(parties.party_group, 'OTH')
        end as party_group,
        candidates.incumbent_challenge,
        candidates.candidate_status,
        candidates.election_year,
        candidates.principal_committee_id,
        candidates.city,
        candidates.state,
        candidates.zip_code,
        candidates.zip5,
        coalesce(authorized_committees.authorized_committee_count, 0)
            as authorized_committee_count
    from candidates
    left join offices
        on candidates.office = offices.office
    left join parties
        on candidates.party = parties.party
    left join authorized_committees
        on candidates.cycle = authorized_committees.cycle
        and candidates.candidate_id = authorized_committees.candidate_id

)

select * from final
