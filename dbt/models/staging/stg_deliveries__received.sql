-- grain: one row per delivery ever received
-- counts: accepted, held, withdrawn and refused deliveries
-- rules: I.identity
-- left out: repetitions of the same delivery
with

source as (
    select * from {{ source('raw', 'delivery') }}
),

final as (
    select
        delivery_no,
        delivery_id,
        sha256,
        source,
        file_name,
        extracted_on,
        covers_from,
        sender,
        version_no,
        row_count,
        rejected_rows,
        is_accepted,
        is_held,
        is_withdrawn,
        refusal_code,
        covers_to + 1 as covers_before
    from source
)

select * from final
