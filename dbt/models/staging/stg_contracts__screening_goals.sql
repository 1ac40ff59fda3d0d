-- grain: one row per contract and step
-- counts: goals of the screening funnel
-- rules: C.tracking
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_screening_goal') }}
),

final as (
    select
        contract_id,
        step,
        goal
    from source
)

select * from final
