-- grain: one row per closed, unapproved contract and period
-- counts: the sha256 of its figures
-- clause: 40-settlement.md
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'statement') }}
),

final as (
    select
        contract_id,
        period_start,
        statement_sha256
    from source
)

select * from final
