-- grain: one row per event of the ledger that the run knows
-- counts: what was done about which settlement, in whose role, and for how many kroner
-- rules: M.event
-- left out: names, users of the system and reasons (the ledger and the statements hold them)
with

source as (
    select * from {{ source('raw', 'ledger_event') }}
),

final as (
    select
        sequence,
        contract_id,
        period_start,
        action,
        role,
        as_of_date,
        amount_dkk,
        statement_sha256,
        is_confirmed
    from source
)

select * from final
