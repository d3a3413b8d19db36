-- grain: one row per itemized disclosure (sub_id), as in silver.contributions
-- source: silver.contributions
-- units: amounts in US dollars, numeric(14,2)
-- note: holds memo rows and pass-through rows too. Sum receipt_amount, refund_amount or net_amount,
--       which are zero where a row does not count; contribution_amount must not be summed as is
{{ config(
    indexes=[
        {'columns': ['sub_id'], 'unique': true},
        {'columns': ['committee_id', 'contribution_date']},
        {'columns': ['contributor_name']},
        {'columns': ['zip5']}
    ]
) }}

with

contributions as (

    select * from {{ ref('contributions') }}

),

final as (

    select
        sub_id,
        cycle,
        committee_id,
        transaction_id,
        other_id,
        transaction_type,
        entity_type,
        report_type,
        election_type,
        contributor_name,
        contributor_city,
        contributor_state,
        zip_code,
        zip5,
        employer,
        occupation,
        memo_text,
        is_individual,
        is_memo,
        is_refund,
        is_earmark_receipt,
        is_conduit_pass_through,
        counts_in_receipts,
        counts_in_refunds,
        has_invalid_date,
        has_invalid_amount,
        contribution_amount,
        cast(
            case when counts_in_receipts then contribution_amount else 0 end as numeric(14, 2)
        ) as receipt_amount,
        cast(
            case when counts_in_refunds then contribution_amount else 0 end as numeric(14, 2)
        ) as refund_amount,
        net_amount,
        contribution_date,
        cast(date_trunc('month', contribution_date) as date) as contribution_month
    from contributions

)

select * from final
