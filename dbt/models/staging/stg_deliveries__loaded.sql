-- grain: one row per delivery whose rows stand in the raw room
-- counts: row counts: staged + rejected + duplicate + skipped + forgotten = received
-- rules: G.staged
-- left out: refused deliveries
with

source as (
    select * from {{ source('raw', 'loaded_delivery') }}
),

final as (
    select
        delivery_no,
        delivery_id,
        row_count,
        loaded_rows,
        rejected_rows,
        duplicate_rows,
        skipped_rows,
        forgotten_rows
    from source
)

select * from final
