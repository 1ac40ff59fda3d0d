-- grain: one row per event of the ledger
-- counts: what was done about which settlement, in whose role, and for how many kroner
-- rules: M.event, S.ledger
-- left out: names, users of the system and reasons; events dated after the as-of date
with

events as (
    select
        contract_id,
        period_start,
        sequence,
        action,
        role,
        as_of_date,
        amount_dkk,
        is_confirmed
    from {{ ref('stg_ledger__events') }}
),

final as (
    select
        contract_id,
        period_start,
        sequence,
        action,
        role,
        as_of_date,
        amount_dkk,
        is_confirmed
    from events
)

select * from final
