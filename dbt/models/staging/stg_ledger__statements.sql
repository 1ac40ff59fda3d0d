-- grain: one row per contract with payment and settlement period
-- counts: the state that the events give to today's figures, and the sha256 of the figures
-- rules: S.hash
-- left out: the rule of the states, which lib/ledger/state.py decides
with

source as (
    select * from {{ source('raw', 'statement') }}
),

final as (
    select
        contract_id,
        period_start,
        state,
        is_superseded,
        statement_sha256
    from source
)

select * from final
