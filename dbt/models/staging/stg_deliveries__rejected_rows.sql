-- grain: one row per rejected row and broken rule
-- counts: rows that broke a rule of their source, with the code
-- rules: I.refusal
-- left out: the values themselves
with

source as (
    select * from {{ source('raw', 'rejected_row') }}
),

final as (
    select
        delivery_no,
        row_number,
        column_name,
        code
    from source
)

select * from final
