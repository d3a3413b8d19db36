-- grain: one row per committee and month with counted money (cycle, committee_id, month)
-- source: gold.fct_contributions
-- units: amounts in US dollars, numeric; counts in rows; month as its first day
-- note: the month is that of the contribution, not of the filing; rows whose date is missing or
--       cannot be right stand under a null month, so that the months add up to the summary
{{ config(
    indexes=[
        {'columns': ['committee_id', 'month']},
        {'columns': ['month']}
    ]
) }}

with

contributions as (

    select * from {{ ref('fct_contributions') }}

),

final as (

    select
        cycle,
        committee_id,
        contribution_month as month,
        coalesce(sum(receipt_amount), 0.00) as itemized_receipts,
        coalesce(sum(refund_amount), 0.00) as itemized_refunds,
        coalesce(sum(net_amount), 0.00) as itemized_net,
        count(*) filter (where counts_in_receipts) as contribution_count,
        count(*) filter (where counts_in_refunds) as refund_count
    from contributions
    where
        counts_in_receipts
        or counts_in_refunds
    group by cycle, committee_id, contribution_month

)

select * from final
