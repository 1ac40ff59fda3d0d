-- grain: one row per contract and part
-- counts: the numbers of a part; columns of other kinds are null
-- rules: C.parts
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_part') }}
),

final as (
    select
        contract_id,
        part_no,
        part_id,
        title,
        kind,
        clause,
        min_case_days,
        case_max_gap_days,
        effort_months,
        max_support_days,
        subsidised_job_blocks,
        pay_on,
        target_points,
        target_weeks,
        netting,
        baseline_first_month,
        baseline_last_month,
        evaluation_first_month,
        evaluation_last_month,
        match_group,
        entries_first_month,
        entries_last_month,
        baseline_entries,
        baseline_relapsed,
        target_reduction,
        target_by,
        cost_per_relapse_dkk,
        yearly_investment_dkk,
        follow_up_days,
        last_follow_up_on,
        booking_month
    from source
)

select * from final
