-- grain: one row per contract, part and group
-- counts: groups whose spells make a case
-- rules: C.parts
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_case_group') }}
),

final as (
    select
        contract_id,
        part_id,
        benefit_group
    from source
)

select * from final
