-- grain: one row per committee with an itemized disclosure in the cycle (cycle, committee_id)
-- source: gold.fct_contributions; names from gold.dim_committee
-- units: amounts in US dollars, numeric; counts in rows
-- note: itemized money only, never the total raised: gifts of a donor up to 200 dollars need not be
--       itemized. A committee that the master file lacks is kept, its name null
{{ config(
    indexes=[
        {'columns': ['cycle', 'committee_id'], 'unique': true}
    ]
) }}

with

contributions as (

    select * from {{ ref('fct_contributions') }}

),

committees as (

    select * from {{ ref('dim_committee') }}

),

totals as (

    select
        cycle,
        committee_id,
        sum(receipt_amount) as itemized_receipts,
        sum(refund_amount) as itemized_refunds,
        sum(net_amount) as itemized_net,
        sum(receipt_amount) filter (where is_earmark_receipt) as earmarked_receipts,
        round(avg(receipt_amount) filter (where counts_in_receipts), 2) as average_receipt_amount,
        max(receipt_amount) filter (where counts_in_receipts) as largest_receipt_amount,
        count(*) filter (where counts_in_receipts) as contribution_count,
        count(*) filter (where counts_in_refunds) as refund_count,
        count(*) as disclosure_count,
        min(contribution_date) filter (where counts_in_receipts) as first_contribution_date,
        max(contribution_date) filter (where counts_in_receipts) as last_contribution_date
    from contributions
    group by cycle, committee_id

),

final as (

    select
        totals.cycle,
        totals.committee_id,
        committees.committee_name,
        committees.committee_type,
        committees.committee_type_group,
        committees.designation,
        committees.party,
        committees.party_group,
        committees.state,
        coalesce(totals.itemized_receipts, 0.00) as itemized_receipts,
        coalesce(totals.itemized_refunds, 0.00) as itemized_refunds,
        coalesce(totals.itemized_net, 0.00) as itemized_net,
        coalesce(totals.earmarked_receipts, 0.00) as earmarked_receipts,
        totals.average_receipt_amount,
        totals.largest_receipt_amount,
        totals.contribution_count,
        totals.refund_count,
        totals.disclosure_count,
        totals.first_contribution_date,
        totals.last_contribution_date
    from totals
    left join committees
        on totals.cycle = committees.cycle
        and totals.committee_id = committees.committee_id

)

select * from final
