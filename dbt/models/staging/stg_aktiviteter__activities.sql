-- grain: one row per landed activity
-- counts: every accepted row of every delivery; an activity with a null ends_before still runs
-- rules: I.aktiviteter
-- decides: I.aktiviteter
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'aktiviteter') }}
),

final as (
    select
        delivery_no,
        row_number,
        activity_id,
        person_no,
        type,
        starts_on,
        channel,
        result,
        ends_on + 1 as ends_before
    from source
)

select * from final
