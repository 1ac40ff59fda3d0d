-- grain: one row per contract, part and price group
-- counts: order of precedence, places and history
-- rules: C.parts
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_price_group') }}
),

final as (
    select
        contract_id,
        part_id,
        benefit_group,
        precedence,
        max_participants,
        historical_success_rate
    from source
)

select * from final
