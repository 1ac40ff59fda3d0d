-- grain: one row per contract and group
-- counts: groups of the monthly follow-up
-- clause: 20-contract.md, 30-rules.md §6
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
