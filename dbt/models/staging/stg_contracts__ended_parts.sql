-- grain: one row per contract whose retention has ended and part
-- counts: what the mart shows of a part that is computed no more
-- rules: F.retention
-- left out: every number that a rule computes with
with

source as (
    select * from {{ source('raw', 'ended_contract_part') }}
),

final as (
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
    from source
)

select * from final
