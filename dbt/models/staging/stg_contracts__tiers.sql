-- grain: one row per contract and tier
-- counts: thresholds and shares of the payment
-- rules: C.readings
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_tier') }}
),

final as (
    select
        contract_id,
        tier_no,
        above_dkk,
        provider_share,
        clause
    from source
)

select * from final
