-- grain: one row per landed row of wage hours
-- counts: every accepted row of every delivery
-- rules: I.eindkomst
-- decides: I.eindkomst
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'eindkomst') }}
),

final as (
    select
        delivery_no,
        row_number,
        person_no,
        cvr,
        month,
        hours,
        wage_dkk,
        employment_type
    from source
)

select * from final
