-- grain: one row per contract
-- counts: term, register, settlement and reading of the validated contract file
-- rules: C.parts
-- left out: parties' actors
with

source as (
    select * from {{ source('raw', 'contract') }}
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
        term_clause,
        register,
        register_lag_days,
        requires_person_status,
        has_payment,
        months_per_period,
        anchor_month,
        final_on,
        authorised_max_dkk,
        chosen_reading,
        chosen_reason,
        terms_sha256,
        ends_on + 1 as ends_before
    from source
)

select * from final
