-- grain: one row per decision of a dispute that the ledger tells
-- counts: when and how the dispute was decided
-- rules: S.decide
-- left out: what was disputed (stg_ledger__disputes); names and reasons
with

source as (
    select * from {{ source('raw', 'ledger_event') }}
    where action = 'decide'
),

final as (
    select
        dispute_id,
        sequence,
        as_of_date as decided_on,
        outcome
    from source
)

select * from final
