-- grain: one row per approved contract, period, part and group
-- counts: the frozen parts
-- rules: S.frozen
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'frozen_settlement_part') }}
),

final as (
    select
        contract_id,
        period_start,
        part_id,
        price_group,
        kind,
        person_months_payable,
        basis_dkk,
        achieved_share,
        historical_share
    from source
)

select * from final
