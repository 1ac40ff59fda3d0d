-- grain: one row per contract
-- counts: unit, price level and stated payback
-- rules: C.tracking
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_business_case') }}
),

final as (
    select
        contract_id,
        price_level,
        unit,
        stated_payback_total,
        stated_payback_service,
        horizon_years
    from source
)

select * from final
