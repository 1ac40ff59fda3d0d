-- grain: one row per contract, part and reason
-- counts: reasons of the list that end a course
-- rules: C.parts
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_exit_reason') }}
),

final as (
    select
        contract_id,
        part_id,
        reason
    from source
)

select * from final
