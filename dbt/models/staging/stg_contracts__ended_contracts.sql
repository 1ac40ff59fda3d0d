-- grain: one row per contract whose retention has ended
-- counts: what the mart shows of a contract that is computed no more
-- rules: F.retention
-- left out: every number that a rule computes with
with

source as (
    select * from {{ source('raw', 'ended_contract') }}
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
        document_title,
        starts_on,
        ends_on,
        chosen_reading,
        payment_ceiling_dkk,
        basis_ceiling_dkk,
        authorised_max_dkk,
        terms_sha256
    from source
)

select * from final
