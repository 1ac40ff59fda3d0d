-- grain: one row per delivery that the run knows
-- counts: accepted, not held, extracted on or before the as-of date
-- rules: I.knowledge, I.order
-- left out: everything the run does not know
with

source as (
    select * from {{ source('raw', 'known_delivery') }}
),

final as (
    select
        delivery_no,
        source,
        sha256,
        file_name,
        extracted_on,
        covers_from,
        delivery_rank,
        covers_to + 1 as covers_before
    from source
)

select * from final
