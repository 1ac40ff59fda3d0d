-- grain: one row per release
-- counts: amounts released beyond the authorised maximum
-- rules: S.release
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'ledger_release') }}
),

final as (
    select
        contract_id,
        from_period_start,
        amount_dkk
    from source
)

select * from final
