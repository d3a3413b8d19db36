-- grain: one row per committee and cycle (cycle, committee_id)
-- source: silver.committees, with names from the FEC's code lists
-- units: none
-- note: a code that the lists lack has a null name; its party falls in the group OTH
{{ config(
    materialized='view'
) }}

with

committees as (

    select * from {{ ref('committees') }}

),

committee_types as (

    select * from {{ ref('committee_types') }}

),

designations as (

    select * from {{ ref('committee_designations') }}

),

parties as (

    select * from {{ ref('parties') }}

),

final as (

    select
        committees.cycle,
        committees.committee_id,
        committees.committee_name,
        committees.committee_type,
        committee_types.committee_type_name,
        committee_types.committee_type_group,
        committees.designation,
        designations.designation_name,
        committees.party,
        parties.party_name,
        case
            when committees.party is not null then coalesce(parties.party_group, 'OTH')
        end as party_group,
        committees.organization_type,
        committees.connected_organization_name,
        committees.filing_frequency,
        committees.candidate_id,
        committees.treasurer_name,
        committees.city,
        committees.state,
        committees.zip_code,
        committees.zip5
    from committees
    left join committee_types
        on committees.committee_type = committee_types.committee_type
    left join designations
        on committees.designation = designations.designation
    left join parties
        on committees.party = parties.party

)

select * from final
