-- grain: one row per variant, and one with an empty variant_id per contract that has any
-- counts: the contract in the shadow, and whose it is
-- rules: S.variant
-- left out: the terms, which stand in the shadow as a contract's own stand in the raw room
with

source as (
    select * from {{ source('raw', 'contract_variant') }}
),

final as (
    select
        contract_id,
        of_contract_id,
        variant_id
    from source
)

select * from final
