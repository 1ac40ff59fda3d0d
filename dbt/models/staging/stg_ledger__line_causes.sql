-- grain: one row per changed approved amount
-- counts: its cause and the delivery that brought it
-- rules: S.cause
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'line_cause') }}
),

final as (
    select
        contract_id,
        part_id,
        course_id,
        month,
        price_group,
        cause,
        cause_delivery_sha256
    from source
)

select * from final
