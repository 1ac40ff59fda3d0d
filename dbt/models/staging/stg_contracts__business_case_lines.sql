-- grain: one row per contract, line and year
-- counts: amounts of the business case, savings negative
-- rules: C.tracking
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'contract_business_case_line') }}
),

final as (
    select
        contract_id,
        line_no,
        name,
        category,
        area,
        year,
        amount_dkk
    from source
)

select * from final
