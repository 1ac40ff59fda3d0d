-- grain: one row per contract and part
-- counts: what a part pays for, and the months that it looks at
-- rules: M.contract, C.parts, F.retention
-- left out: the numbers of the rules (the contract file), rates (contract_rate)
with

parts as (
    select
        contract_id,
        part_id,
        title,
        kind,
        clause,
        effort_months,
        baseline_first_month,
        baseline_last_month,
        evaluation_first_month,
        evaluation_last_month
    from {{ ref('stg_contracts__parts') }}
),

ended as (
    select
        contract_id,
        part_id,
        title,
        kind,
        clause,
        effort_months,
        baseline_first_month,
        baseline_last_month,
        evaluation_first_month,
        evaluation_last_month
    from {{ ref('stg_contracts__ended_parts') }}
),

shown as (
    select * from parts
    union all by name
    select * from ended
),

final as (
    select
        contract_id,
        part_id,
        title,
        kind,
        clause,
        effort_months::bigint as effort_months,
        baseline_first_month,
        baseline_last_month,
        evaluation_first_month,
        evaluation_last_month
    from shown
)

select * from final
