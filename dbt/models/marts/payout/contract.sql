-- grain: one row per contract
-- counts: parties, term, the reading that is followed and the hash of the terms
-- rules: C.terms
-- left out: prices and tiers (payment_curve, the contract file itself)
with

contracts as (
    select
        contract_id,
        title,
        area,
        municipality,
        provider,
        investor,
        document,
        starts_on,
        ends_on,
        chosen_reading,
        terms_sha256
    from {{ ref('stg_contracts__contracts') }}
),

final as (
    select
        contract_id,
        title,
        area,
        municipality,
        provider,
        investor,
        document,
        starts_on,
        ends_on,
        chosen_reading,
        terms_sha256
    from contracts
)

select * from final
