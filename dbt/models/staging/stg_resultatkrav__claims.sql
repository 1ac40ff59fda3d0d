-- grain: one row per landed row of the provider's claims
-- counts: every accepted row of every delivery
-- rules: I.resultatkrav
-- decides: I.resultatkrav
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'resultatkrav') }}
),

final as (
    select
        delivery_no,
        row_number,
        contract_id,
        course_id,
        course_ref,
        month,
        is_claimed
    from source
)

select * from final
