-- grain: one row per approved line
-- counts: the frozen lines
-- rules: S.frozen
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'frozen_line') }}
),

final as (
    select
        contract_id,
        period_start,
        line_no,
        line_kind,
        part_id,
        course_id,
        month,
        price_group,
        old_amount_dkk,
        new_amount_dkk,
        difference_dkk,
        cause,
        cause_delivery_sha256
    from source
)

select * from final
