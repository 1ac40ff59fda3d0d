-- grain: one row per contract and group
-- counts: gross, refund share and reduced full-time persons
-- rules: C.tracking
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_potential') }}
),

final as (
    select
        contract_id,
        group_order,
        benefit_group,
        gross_dkk,
        refund_share,
        reduced_fte,
        weeks_per_year,
        clause
    from source
)

select * from final
