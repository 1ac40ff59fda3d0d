-- grain: one row per landed row of the benefit spells
-- counts: every accepted row; one with a null ends_before still runs and reaches to the end of its
--   delivery's window
-- rules: I.ydelsesforloeb
-- left out: identical rows of one delivery (counted once at load)
with

source as (
    select * from {{ source('raw', 'ydelsesforloeb') }}
),

final as (
    select
        delivery_no,
        row_number,
        person_no,
        code,
        from_date as starts_on,
        share,
        is_alone,
        to_date + 1 as ends_before
    from source
)

select * from final
