-- must hold: the months of a committee, the null month too, add up to its row in
--            committee_summary
-- tolerance: none, to the cent and to the row
-- severity: error
with

months as (

    select
        cycle,
        committee_id,
        sum(itemized_receipts) as receipts,
        sum(itemized_refunds) as refunds,
        sum(itemized_net) as net,
        sum(contribution_count) as receipt_count,
        sum(refund_count) as refund_count
    from {{ ref('contributions_monthly') }}
    group by cycle, committee_id

),

summaries as (

    select * from {{ ref('committee_summary') }}

)

select
    coalesce(summaries.cycle, months.cycle) as cycle,
    coalesce(summaries.committee_id, months.committee_id) as committee_id,
    summaries.itemized_net as summary_net,
    months.net as months_net
from summaries
full join months
    on summaries.cycle = months.cycle
    and summaries.committee_id = months.committee_id
where
    summaries.committee_id is null
    or summaries.itemized_receipts <> coalesce(months.receipts, 0)
    or summaries.itemized_refunds <> coalesce(months.refunds, 0)
    or summaries.itemized_net <> coalesce(months.net, 0)
    or summaries.contribution_count <> coalesce(months.receipt_count, 0)
    or summaries.refund_count <> coalesce(months.refund_count, 0)
