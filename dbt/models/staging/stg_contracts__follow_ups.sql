-- grain: one row per contract and group
-- counts: groups of the monthly follow-up
-- rules: C.tracking
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_follow_up') }}
),

final as (
    select
        contract_id,
        benefit_group,
        case_max_gap_days,
        end_window_days
    from source
)

select * from final
