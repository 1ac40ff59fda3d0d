{{ config(materialized='view') }}
-- grain: one row per contract, course and decided month that is no effort month any more
-- counts: decisions that have no effect, at the kroner that were disputed
-- rules: R3.mismatch, S.decided
-- left out: decided effort months, which are as decided. A view, read once
with

decisions as (
    select
        contract_id,
        course_id,
        month,
        course_no,
        amount_dkk
    from {{ ref('int_decisions__choose') }}
),

contracts as (
    select contract_id from {{ ref('stg_contracts__contracts') }}
),

effort_months as (
    select
        course_no,
        month
    from {{ ref('int_person_months__decide_payable') }}
),

final as (
    select
        decisions.contract_id,
        decisions.course_id,
        decisions.month,
        'decision_without_month' as kind,
        decisions.amount_dkk
    from decisions
    semi join contracts on decisions.contract_id = contracts.contract_id
    anti join effort_months
        on decisions.course_no = effort_months.course_no and decisions.month = effort_months.month
)

select * from final
