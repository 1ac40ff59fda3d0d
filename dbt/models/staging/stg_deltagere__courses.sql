-- grain: one row per landed row of the list of referred citizens
-- counts: every accepted row of every delivery
-- rules: I.deltagere
-- decides: I.deltagere
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'deltagere') }}
),

final as (
    select
        delivery_no,
        row_number,
        contract_id,
        course_id,
        course_ref,
        person_no,
        visited_on,
        stated_group,
        ended_on,
        end_reason
    from source
)

select * from final
