-- grain: one row per delivery ever received
-- counts: accepted, held and refused deliveries with their dates, rows and hash; a held one is not
--   accepted until somebody has opened it, and has no refusal code
-- rules: I.identity, G.volume
-- left out: repetitions of the same delivery (no-ops, logged)
with

deliveries as (
    select
        delivery_id,
        sha256,
        source,
        file_name,
        extracted_on,
        covers_from,
        covers_before,
        row_count,
        rejected_rows,
        is_accepted,
        is_held,
        refusal_code
    from {{ ref('stg_deliveries__received') }}
),

final as (
    select
        delivery_id,
        sha256,
        source,
        file_name,
        extracted_on,
        covers_from,
        covers_before - 1 as covers_to,
        row_count,
        rejected_rows,
        is_accepted and not is_held as is_accepted,
        refusal_code
    from deliveries
)

select * from final
