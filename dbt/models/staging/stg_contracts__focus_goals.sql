-- grain: one row per contract and group
-- counts: the focus goal
-- rules: C.tracking
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
