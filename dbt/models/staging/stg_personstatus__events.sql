-- grain: one row per landed event of the population register
-- counts: every accepted row of every snapshot
-- rules: I.personstatus
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'personstatus') }}
),

final as (
    select
        delivery_no,
        row_number,
        person_no,
        event,
        event_date,
        new_person_no
    from source
)

select * from final
