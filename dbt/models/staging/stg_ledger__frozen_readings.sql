-- grain: one row per approved contract, period and reading
-- counts: the frozen readings
-- rules: S.frozen
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'frozen_settlement_reading') }}
),

final as (
    select
        contract_id,
        period_start,
        reading_id,
        is_chosen,
        entitlement_cumulative_dkk,
        difference_to_chosen_dkk
    from source
)

select * from final
