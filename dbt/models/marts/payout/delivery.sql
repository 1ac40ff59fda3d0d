-- grain: one row per delivery ever received
-- counts: accepted, held, withdrawn and refused deliveries with their dates, rows and hash; a held
--   one is not accepted until somebody has opened it, and has no refusal code; one that is
--   withdrawn by the as-of date, or whose file was removed on purpose, is not accepted any more,
--   and its code says so
-- rules: I.identity, G.volume, I.withdrawal, F.removals
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
        is_withdrawn,
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
        is_accepted and not is_held and not is_withdrawn as is_accepted,
        case
            when is_withdrawn then coalesce(refusal_code, 'DELIVERY_WITHDRAWN')
            else refusal_code
        end as refusal_code
    from deliveries
)

select * from final
