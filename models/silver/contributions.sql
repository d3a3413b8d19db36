-- grain: one row per itemized disclosure (sub_id) of the FEC's individual contributions file
-- source: bronze.fec_indiv; the codes' meaning from the seed transaction_types
-- units: amounts in US dollars, numeric(14,2), signed as disclosed
-- note: bulk files are as amended, so a replaced line is gone; memo rows and refunds are kept and
--       flagged, and a date or amount that cannot be read is null and flagged, never dropped
{{ config(
    indexes=[
        {'columns': ['sub_id'], 'unique': true}
    ]
) }}

with

disclosures as (

    select * from {{ source('bronze', 'fec_indiv') }} where _withdrawn is null

),

transaction_types as (

    select * from {{ ref('transaction_types') }}

),

-- A sub_id names one disclosure for good; should two loads hold it, the later one is right.
ranked as (

    select
        disclosures.*,
        row_number() over (
            partition by btrim(disclosures.sub_id)
            order by disclosures._load_id desc, disclosures._line desc
        ) as recency
    from disclosures

),

typed as (

    select
        {{ clean_text('sub_id') }} as sub_id,
        cycle,
        {{ clean_text('cmte_id') }} as committee_id,
        {{ clean_text('tran_id') }} as transaction_id,
        {{ clean_text('file_num') }} as file_number,
        {{ clean_text('image_num') }} as image_number,
        {{ clean_text('other_id') }} as other_id,
        {{ clean_text('amndt_ind') }} as amendment_indicator,
        {{ clean_text('rpt_tp') }} as report_type,
        {{ clean_text('transaction_pgi') }} as election_type,
        {{ clean_text('transaction_tp') }} as transaction_type,
        {{ clean_text('entity_tp') }} as entity_type,
        {{ clean_text('name') }} as contributor_name,
        {{ clean_text('city') }} as contributor_city,
        {{ clean_text('state') }} as contributor_state,
        {{ clean_text('zip_code') }} as zip_code,
        {{ parse_zip5('zip_code') }} as zip5,
        {{ parse_zip4('zip_code') }} as zip4,
        {{ clean_text('employer') }} as employer,
        {{ clean_text('occupation') }} as occupation,
        {{ clean_text('memo_cd') }} as memo_code,
        {{ clean_text('memo_text') }} as memo_text,
        coalesce(btrim(memo_cd) = 'X', false) as is_memo,
        {{ clean_text('transaction_amt') }} as disclosed_amount,
        {{ parse_fec_amount('transaction_amt') }} as contribution_amount,
        {{ clean_text('transaction_dt') }} as disclosed_date,
        {{ parse_fec_date('transaction_dt', 'cycle') }} as contribution_date,
        _load_id as bronze_load_id,
        _line as bronze_line
    from ranked
    where recency = 1

),

flagged as (

    select
        typed.*,
        coalesce(transaction_types.is_individual, false) as is_individual,
        coalesce(transaction_types.is_refund, false) as is_refund,
        coalesce(transaction_types.is_earmark_receipt, false) as is_earmark_receipt,
        coalesce(transaction_types.is_conduit_pass_through, false) as is_conduit_pass_through,
        coalesce(transaction_types.is_individual and not typed.is_memo, false)
            as counts_in_receipts,
        coalesce(transaction_types.is_refund and not typed.is_memo, false) as counts_in_refunds
    from typed
    left join transaction_types
        on typed.transaction_type = transaction_types.transaction_type

),

final as (

    select
        sub_id,
        cycle,
        committee_id,
        transaction_id,
        file_number,
        image_number,
        other_id,
        amendment_indicator,
        report_type,
        election_type,
        transaction_type,
        entity_type,
        contributor_name,
        contributor_city,
        contributor_state,
        zip_code,
        zip5,
        zip4,
        employer,
        occupation,
        memo_code,
        memo_text,
        is_memo,
        is_individual,
        is_refund,
        is_earmark_receipt,
        is_conduit_pass_through,
        counts_in_receipts,
        counts_in_refunds,
        disclosed_amount is not null and contribution_amount is null as has_invalid_amount,
        disclosed_date is not null and contribution_date is null as has_invalid_date,
        contribution_amount,
        cast(
            case
                when counts_in_receipts then contribution_amount
                when counts_in_refunds then -contribution_amount
                else 0
            end as numeric(14, 2)
        ) as net_amount,
        contribution_date,
        disclosed_amount,
        disclosed_date,
        bronze_load_id,
        bronze_line
    from flagged

)

select * from final
