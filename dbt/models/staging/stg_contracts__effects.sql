-- grain: one row per contract
-- counts: the comparison with the control group
-- rules: C.tracking
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_effect') }}
),

final as (
    select
        contract_id,
        part_id,
        control_first_day,
        control_last_day,
        weeks,
        confidence_share
    from source
)

select * from final
