-- grain: one row per contract with payment and tier
-- counts: the share that is paid of the basis above a threshold
-- rules: M.contract, S.tiers
-- left out: ceilings (contract)
with

tiers as (
    select
        contract_id,
        tier_no,
        above_dkk,
        provider_share,
        clause
    from {{ ref('stg_contracts__tiers') }}
),

final as (
    select
        contract_id,
        tier_no::bigint as tier_no,
        above_dkk,
        provider_share,
        clause
    from tiers
)

select * from final
