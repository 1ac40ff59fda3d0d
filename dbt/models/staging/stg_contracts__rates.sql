-- grain: one row per contract, part, price group and rate
-- counts: rates with their validity, half-open
-- rules: C.rates
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_rate') }}
),

final as (
    select
        contract_id,
        part_id,
        benefit_group,
        valid_from,
        valid_before,
        rate_dkk,
        clause
    from source
)

select * from final
