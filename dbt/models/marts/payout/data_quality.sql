-- grain: one row per gate and check
-- counts: what each check of tonight's gates evaluated and found
-- rules: G.quality
-- left out: keys of failing rows (restricted)
with

checks as (
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
    from {{ ref('stg_gates__check_results') }}
),

final as (
    select
        gate::bigint as gate,
        check_id,
        subject,
        severity,
        evaluated,
        unexpected,
        is_success,
        owner,
        remedy
    from checks
)

select * from final
