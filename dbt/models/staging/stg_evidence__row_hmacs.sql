-- grain: one row per landed row that is evidence of a person-month
-- counts: the keyed hash of the row, read again from the vault
-- rules: I.row_hmac
-- left out: rows of people without a course
with

source as (
    select * from {{ source('raw', 'row_hmac') }}
),

final as (
    select
        sha256,
        source,
        row_number,
        row_hmac
    from source
)

select * from final
