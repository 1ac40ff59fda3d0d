-- grain: one row per contract
-- counts: parties, term, the reading that is followed with its ceilings, what is authorised and
--   what has been released beyond it, and the hash of the terms
-- rules: C.terms, M.contract, S.release, F.retention
-- left out: parts, rates and tiers (tables of their own); readings that are not followed
--   (settlement_reading, payment_curve)
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
        document_title,
        starts_on,
        ends_on,
        chosen_reading,
        authorised_max_dkk,
        terms_sha256
    from {{ ref('stg_contracts__contracts') }}
),

readings as (
    select
        contract_id,
        payment_ceiling_dkk,
        basis_ceiling_dkk
    from {{ ref('stg_contracts__readings') }}
    where is_chosen
),

ended as (
    select
        contract_id,
        title,
        area,
        municipality,
        provider,
        investor,
        document,
        document_title,
        starts_on,
        ends_on,
        chosen_reading,
        payment_ceiling_dkk,
        basis_ceiling_dkk,
        authorised_max_dkk,
        terms_sha256
    from {{ ref('stg_contracts__ended_contracts') }}
),

releases as (
    select
        contract_id,
        amount_dkk
    from {{ ref('stg_ledger__releases') }}
),

released as (
    select
        contract_id,
        sum(amount_dkk) as released_dkk
    from releases
    group by contract_id
),

shown as (
    select
        contracts.*,
        readings.payment_ceiling_dkk,
        readings.basis_ceiling_dkk
    from contracts
    left join readings on contracts.contract_id = readings.contract_id
    union all by name
    select * from ended
),

final as (
    select
        shown.contract_id,
        shown.title,
        shown.area,
        shown.municipality,
        shown.provider,
        shown.investor,
        shown.document,
        shown.document_title,
        shown.starts_on,
        shown.ends_on,
        shown.chosen_reading,
        shown.payment_ceiling_dkk,
        shown.basis_ceiling_dkk,
        shown.authorised_max_dkk,
        coalesce(released.released_dkk, 0)::decimal(18, 2) as released_dkk,
        shown.terms_sha256
    from shown
    left join released on shown.contract_id = released.contract_id
)

select * from final
