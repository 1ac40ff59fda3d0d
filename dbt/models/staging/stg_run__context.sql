-- grain: one row
-- counts: the as-of date and the area of the run
-- rules: R0.known
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'run_context') }}
),

final as (
    select
        as_of_date,
        area
    from source
)

select * from final
