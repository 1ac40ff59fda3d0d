-- grain: one row per gate and check
-- counts: what each check of the night evaluated and found
-- rules: G.quality
-- left out: keys of failing rows
with

source as (
    select * from {{ source('gate', 'check_result') }}
),

final as (
    select
        gate,
        check_id,
        subject,
        severity,
        evaluated,
        unexpected,
        is_success,
        owner,
        remedy
    from source
)

select * from final
