-- grain: one row per table and year
-- counts: printed amounts and index numbers, with the named corrections applied
-- rules: R7.expenditure
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'expenditure') }}
),

final as (
    select
        table_id,
        year,
        amount_mio,
        index_stated,
        amount_as_printed,
        is_corrected
    from source
)

select * from final
