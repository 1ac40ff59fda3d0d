-- grain: one row per run of weeks with one code inside a wide row
-- counts: every accepted row; one code covers the seven days of its week
-- rules: I.dream
-- left out: weeks without a code
with

source as (
    select * from {{ source('raw', 'dream') }}
),

final as (
    select
        delivery_no,
        row_number,
        person_no,
        code,
        from_date as starts_on,
        to_date + 1 as ends_before
    from source
)

select * from final
