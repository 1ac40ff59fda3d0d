-- grain: one row per contract, part of kind fte_reduction and group
-- counts: mean full-time persons of baseline and evaluation, the reduction and its price
-- rules: R4.reduction, R4.complete
-- left out: netting between groups (settlement lines); amounts of an incomplete part are null
with

reductions as (
    select
        contract_id,
        part_id,
        benefit_group,
        baseline_mean_fte,
        evaluation_mean_fte,
        reduction_fte,
        rate_dkk,
        group_amount_dkk,
        status
    from {{ ref('int_fte__measure_reduction') }}
),

final as (
    select
        contract_id,
        part_id,
        benefit_group,
        baseline_mean_fte,
        evaluation_mean_fte,
        reduction_fte,
        rate_dkk,
        case when status = 'complete' then group_amount_dkk end as amount_dkk,
        status
    from reductions
)

select * from final
