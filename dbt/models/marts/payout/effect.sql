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

flagged as (
    select
        *,
        {{ suppress_flag('persons', ['contract_id'], 'part_id') }} as is_suppressed
    from joined
),

final as (
    select
        contract_id,
        part_id,
        {{ suppress_measure('treated_n', ['treated_n']) }} as treated_n,
        {{ suppress_measure('control_n', ['control_n']) }} as control_n,
        {{ suppress_measure('treated_mean_weeks', ['treated_n']) }} as treated_mean_weeks,
        {{ suppress_measure('control_mean_weeks', ['control_n']) }} as control_mean_weeks,
        {{ suppress_measure('difference_weeks', ['treated_n', 'control_n']) }} as difference_weeks,
        {{ suppress_measure('difference_points', ['treated_n', 'control_n']) }}
            as difference_points,
        {{ suppress_measure('ci_low_weeks', ['treated_n', 'control_n']) }} as ci_low_weeks,
        {{ suppress_measure('ci_high_weeks', ['treated_n', 'control_n']) }} as ci_high_weeks,
        target_weeks,
        is_suppressed
    from flagged
)

select * from final
