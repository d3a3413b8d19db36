-- must hold: for each committee and cycle, gold.committee_summary equals a count of the raw
--            lines: receipts, refunds, net, both row counts, and earmarked gifts once, at their
--            recipient
-- tolerance: none, to the cent and to the row
-- severity: error
-- note: counted by one signed weight per line, another way than the models do; the codes stand
--       here again on purpose (see assert_itemized_totals_match_bronze)
with

bronze_lines as (

    select distinct on (sub_id)
        cycle,
        btrim(cmte_id) as committee_id,
        transaction_tp,
        case
            when coalesce(memo_cd, '') = 'X' then 0
            when transaction_tp ~ '^(10J?|11J?|15[EJ]?|3[012][EJT]?)$' then 1
            when transaction_tp ~ '^2[012]Y$' then -1
            else 0
        end as weight,
        case
            when transaction_amt ~ '^-?[0-9]*[.]?[0-9]+$' then cast(transaction_amt as numeric)
        end as amount
    from {{ source('bronze', 'fec_indiv') }}
    where _withdrawn is null
    order by sub_id, _load_id desc, _line desc

),

expected as (

    select
        cycle,
        committee_id,
        coalesce(sum(amount) filter (where weight = 1), 0) as receipts,
        coalesce(sum(amount) filter (where weight = -1), 0) as refunds,
        coalesce(sum(weight * amount), 0) as net,
        coalesce(sum(weight * amount) filter (where transaction_tp like '__E'), 0) as earmarked,
        count(*) filter (where weight = 1) as receipt_count,
        count(*) filter (where weight = -1) as refund_count,
        count(*) as line_count
    from bronze_lines
    group by cycle, committee_id

),

actual as (

    select * from {{ ref('committee_summary') }}

)

select
    coalesce(expected.cycle, actual.cycle) as cycle,
    coalesce(expected.committee_id, actual.committee_id) as committee_id,
    expected.receipts as expected_receipts,
    actual.itemized_receipts as actual_receipts,
    expected.refunds as expected_refunds,
    actual.itemized_refunds as actual_refunds,
    expected.net as expected_net,
    actual.itemized_net as actual_net
from expected
full join actual
    on expected.cycle = actual.cycle
    and expected.committee_id = actual.committee_id
where
    expected.receipts is distinct from actual.itemized_receipts
    or expected.refunds is distinct from actual.itemized_refunds
    or expected.net is distinct from actual.itemized_net
    or expected.earmarked is distinct from actual.earmarked_receipts
    or expected.receipt_count is distinct from actual.contribution_count
    or expected.refund_count is distinct from actual.refund_count
    or expected.line_count is distinct from actual.disclosure_count
