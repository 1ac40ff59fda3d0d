-- grain: one row per contract and group
-- counts: the focus goal
-- clause: 20-contract.md, 30-rules.md §6
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_focus_goal') }}
),

final as (
    select
        contract_id,
        benefit_group,
        case_days,
        case_max_gap_days,
        window_months,
        hours,
        target_share
    from source
)

select * from final
