-- must hold: per cycle, receipts, refunds and net of gold.committee_summary equal those counted
--            from the raw lines of the individual contributions file
-- tolerance: none, to the cent and to the row
-- severity: error
-- note: the codes stand here again on purpose, so that a slip in the seed transaction_types is
--       found; who changes a money rule changes it there and here
with

bronze_lines as (

    select distinct on (sub_id)
        cycle,
        transaction_tp,
        memo_cd,
        case
            when transaction_amt ~ '^-?[0-9]+([.][0-9]+)?$' then cast(transaction_amt as numeric)
            when transaction_amt ~ '^-?[.][0-9]+$' then cast(transaction_amt as numeric)
        end as amount
    from {{ source('bronze', 'fec_indiv') }}
    where _withdrawn is null
    order by sub_id, _load_id desc, _line desc

),

counted_lines as (

    select
        cycle,
        amount,
        transaction_tp in (
            '10', '10J', '11', '11J', '15', '15E', '15J', '30', '30E', '30J', '30T',
            '31', '31E', '31J', '31T', '32', '32E', '32J', '32T'
        ) as is_receipt,
        transaction_tp in ('20Y', '21Y', '22Y') as is_refund
    from bronze_lines
    where memo_cd is distinct from 'X'

),

expected as (

    select
        cycle,
        coalesce(sum(amount) filter (where is_receipt), 0) as receipts,
        coalesce(sum(amount) filter (where is_refund), 0) as refunds,
        count(*) filter (where is_receipt) as receipt_count,
        count(*) filter (where is_refund) as refund_count
    from counted_lines
    group by cycle

),

actual as (

    select
        cycle,
        sum(itemized_receipts) as receipts,
        sum(itemized_refunds) as refunds,
        sum(itemized_net) as net,
        sum(contribution_count) as receipt_count,
        sum(refund_count) as refund_count
    from {{ ref('committee_summary') }}
    group by cycle

)

select
    coalesce(expected.cycle, actual.cycle) as cycle,
    expected.receipts as expected_receipts,
    actual.receipts as actual_receipts,
    expected.refunds as expected_refunds,
    actual.refunds as actual_refunds,
    expected.receipts - expected.refunds as expected_net,
    actual.net as actual_net
from expected
full join actual
    on expected.cycle = actual.cycle
where
    expected.receipts is distinct from actual.receipts
    or expected.refunds is distinct from actual.refunds
    or expected.receipts - expected.refunds is distinct from actual.net
    or expected.receipt_count is distinct from actual.receipt_count
    or expected.refund_count is distinct from actual.refund_count
