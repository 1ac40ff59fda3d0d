{{ config(materialized='view') }}
-- grain: one row per dispute that the run knows
-- counts: what is disputed, and when and how it was decided (null while it is open)
-- rules: S.dispute, S.decide, M.dispute
-- decides: M.dispute
-- left out: what a decision does to the month (int_decisions__choose). A view, read three times
with

disputes as (
    select
        dispute_id,
        contract_id,
        period_start,
        course_id,
        month,
        wants,
        price_group,
        opened_on,
        amount_dkk
    from {{ ref('stg_ledger__disputes') }}
),

decisions as (
    select
        dispute_id,
        sequence,
        decided_on,
        outcome
    from {{ ref('stg_ledger__decisions') }}
),

final as (
    select
        disputes.dispute_id,
        disputes.contract_id,
        disputes.period_start,
        disputes.course_id,
        disputes.month,
        disputes.wants,
        disputes.price_group,
        disputes.opened_on,
        disputes.amount_dkk,
        decisions.sequence as decision_no,
        decisions.decided_on,
        decisions.outcome
    from disputes
    left join decisions on disputes.dispute_id = decisions.dispute_id
)

select * from final
