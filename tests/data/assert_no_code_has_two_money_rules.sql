-- must hold: a transaction type is at most one of individual receipt, refund and pass-through,
--            and an earmarked receipt is an individual receipt
-- tolerance: none
-- severity: error
select
    transaction_type,
    is_individual,
    is_refund,
    is_earmark_receipt,
    is_conduit_pass_through
from {{ ref('transaction_types') }}
where
    cast(is_individual as integer)
    + cast(is_refund as integer)
    + cast(is_conduit_pass_through as integer) > 1
    or (is_earmark_receipt and not is_individual)
