-- grain: one row per contract, part and group
-- counts: groups and rates of a part of kind fte_reduction
-- rules: C.parts
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_fte_group') }}
),

final as (
    select
        contract_id,
        part_id,
        group_order,
        benefit_group,
        rate_dkk
    from source
)

select * from final
