-- grain: one row per event of the ledger
-- counts: events whose as-of date the run has reached
-- clause: 40-settlement.md
-- left out: nothing
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
        actor,
        role,
        as_of_date,
        statement_sha256,
        amount_dkk,
        reason,
        recorded_at
    from source
)

select * from final
