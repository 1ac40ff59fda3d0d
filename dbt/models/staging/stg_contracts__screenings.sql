-- grain: one row per contract
-- counts: the screening funnel
-- rules: C.tracking
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_screening') }}
),

final as (
    select
        contract_id,
        benefit_group,
        case_days,
        case_max_gap_days,
        status_after_days
    from source
)

select * from final
