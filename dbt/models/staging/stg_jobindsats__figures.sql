-- grain: one row per landed figure of the published statistics
-- counts: mapped rows; null is suppressed by the publisher, never 0
-- rules: I.jobindsats
-- decides: I.jobindsats
-- left out: rows of benefits that the product does not map
with

source as (
    select * from {{ source('raw', 'jobindsats') }}
),

final as (
    select
        delivery_no,
        row_number,
        area,
        benefit_group,
        month,
        persons,
        fte
    from source
)

select * from final
