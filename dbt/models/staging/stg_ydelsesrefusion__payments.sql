-- grain: one row per landed row of the weekly payments
-- counts: every accepted row, corrections as rows of their own
-- rules: I.ydelsesrefusion
-- left out: refund and co-financing columns
with

source as (
    select * from {{ source('raw', 'ydelsesrefusion') }}
),

final as (
    select
        delivery_no,
        row_number,
        person_no,
        week_start as starts_on,
        benefit_group,
        paid_dkk,
        (week_start + interval 1 week)::date as ends_before
    from source
)

select * from final
