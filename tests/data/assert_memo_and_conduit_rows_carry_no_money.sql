-- must hold: a memo row, and an earmarked gift on its way through a conduit (15I, 15T, 24I,
--            24T), has no part in receipts, refunds or net
-- tolerance: none
-- severity: error
select
    sub_id,
    committee_id,
    transaction_type,
    is_memo,
    receipt_amount,
    refund_amount,
    net_amount
from {{ ref('fct_contributions') }}
where
    (is_memo or transaction_type in ('15I', '15T', '24I', '24T'))
    and (
        counts_in_receipts
        or counts_in_refunds
        or receipt_amount <> 0
        or refund_amount <> 0
        or net_amount <> 0
    )
