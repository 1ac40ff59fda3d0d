-- grain: one row per contract and part with an effect section
-- counts: treated and controls with all weeks observed, mean weeks without support, the difference
--   in weeks and in percentage points, and its 95 % interval, beside the target
-- rules: R9.difference, M.suppression
-- left out: it never pays
with

estimates as (
    select
        contract_id,
        part_id,
        treated_n,
        control_n,
        treated_mean_weeks,
        control_mean_weeks,
        difference_weeks,
        difference_points,
        ci_low_weeks,
        ci_high_weeks
    from {{ ref('int_effect__estimate_difference') }}
),

parts as (
    select
        contract_id,
        part_id,
        target_weeks
    from {{ ref('stg_contracts__parts') }}
),

joined as (
    select
        estimates.*,
        greatest(estimates.treated_n, estimates.control_n) as persons,
        parts.target_weeks
    from estimates
    inner join parts using (contract_id, part_id)
),

final as (
    {{ publish_statistics('effect', 'joined') }}
)

select * from final
