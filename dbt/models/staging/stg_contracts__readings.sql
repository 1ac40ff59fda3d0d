-- grain: one row per contract and reading
-- counts: ceilings of each reading; null binds nothing
-- rules: C.readings
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_reading') }}
),

final as (
    select
        contract_id,
        reading_order,
        reading_id,
        is_chosen,
        payment_ceiling_dkk,
        basis_ceiling_dkk,
        clause
    from source
)

select * from final
