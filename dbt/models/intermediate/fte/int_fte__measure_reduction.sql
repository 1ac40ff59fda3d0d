-- grain: one row per contract, part of kind fte_reduction and group
-- counts: mean full-time persons of baseline and evaluation, the reduction, its price (exact
--   fraction, rounded once; null while incomplete) and what is booked after netting on the last
--   evaluation month (0 while incomplete)
-- rules: R4.reduction, R4.complete, R4.netting, S.part_lines
-- decides: R4.reduction, R4.complete, R4.netting
-- left out: the register's own count (it never pays)
with

contracts as (
    select
        contract_id,
        area
    from {{ ref('stg_contracts__contracts') }}
),

parts as (
    select
        contract_id,
        part_id,
        netting,
        baseline_first_month,
        baseline_last_month,
        evaluation_first_month,
        evaluation_last_month,
        booking_month
    from {{ ref('stg_contracts__parts') }}
    where kind = 'fte_reduction'
),

fte_groups as (
    select
        contract_id,
        part_id,
        benefit_group,
        rate_dkk
    from {{ ref('stg_contracts__fte_groups') }}
),

published as (
    select
        area,
        benefit_group,
        month,
        fte
    from {{ ref('int_fte__choose_published') }}
    where fte is not null
),

context as (
    select as_of_date
    from {{ ref('stg_run__context') }}
),

sum_published as (
    select
        parts.contract_id,
        parts.part_id,
        parts.netting,
        parts.evaluation_last_month,
        parts.booking_month,
        fte_groups.benefit_group,
        fte_groups.rate_dkk,
        date_diff('month', parts.baseline_first_month, parts.baseline_last_month) + 1
            as baseline_months,
        date_diff('month', parts.evaluation_first_month, parts.evaluation_last_month) + 1
            as evaluation_months,
        count(*) filter (
            where published.month between parts.baseline_first_month and parts.baseline_last_month
        ) as baseline_published,
        count(*) filter (
            where published.month
            between parts.evaluation_first_month and parts.evaluation_last_month
        ) as evaluation_published,
        sum({{ to_fte_parts('published.fte') }}) filter (
            where published.month between parts.baseline_first_month and parts.baseline_last_month
        ) as baseline_parts,
        sum({{ to_fte_parts('published.fte') }}) filter (
            where published.month
            between parts.evaluation_first_month and parts.evaluation_last_month
        ) as evaluation_parts
    from parts
    inner join contracts on parts.contract_id = contracts.contract_id
    inner join fte_groups
        on
            parts.contract_id = fte_groups.contract_id
            and parts.part_id = fte_groups.part_id
    left join published
        on
            contracts.area = published.area
            and fte_groups.benefit_group = published.benefit_group
    group by all
),

keep_whole_sums as (
    select
        *,
        case when baseline_published = baseline_months then baseline_parts end
            as whole_baseline_parts,
        case when evaluation_published = evaluation_months then evaluation_parts end
            as whole_evaluation_parts
    from sum_published
),

judge_parts as (
    select
        keep_whole_sums.*,
        keep_whole_sums.whole_baseline_parts * keep_whole_sums.evaluation_months
        - keep_whole_sums.whole_evaluation_parts * keep_whole_sums.baseline_months
            as reduction_parts,
        context.as_of_date >= {{ month_end('keep_whole_sums.evaluation_last_month') }}
        and bool_and(
            keep_whole_sums.whole_baseline_parts is not null
            and keep_whole_sums.whole_evaluation_parts is not null
        ) over (
            partition by keep_whole_sums.contract_id, keep_whole_sums.part_id
        ) as is_complete
    from keep_whole_sums
    cross join context
),

price_groups as (
    select
        *,
        case
            when is_complete
                then
                    {{ div_round(
                        'reduction_parts * ' ~ to_oere('rate_dkk'),
                        'baseline_months * ' ~ fte_parts()
                    ) }}
        end as group_oere
    from judge_parts
),

sum_parts as (
    select
        *,
        sum(group_oere) over (partition by contract_id, part_id) as part_oere
    from price_groups
),

net_groups as (
    select
        *,
        case
            when not is_complete then 0
            when netting = 'per_group' then greatest(group_oere, 0)
            when part_oere > 0 then group_oere
            else 0
        end as booked_oere
    from sum_parts
),

final as (
    select
        contract_id,
        part_id,
        benefit_group,
        {{ to_fte(div_round('whole_baseline_parts', 'baseline_months')) }} as baseline_mean_fte,
        {{ to_fte(div_round('whole_evaluation_parts', 'evaluation_months')) }}
            as evaluation_mean_fte,
        {{ to_fte(div_round('reduction_parts', 'baseline_months * evaluation_months')) }}
            as reduction_fte,
        rate_dkk,
        {{ to_kroner('group_oere') }} as group_amount_dkk,
        {{ to_kroner('booked_oere') }} as booked_dkk,
        booking_month,
        case when is_complete then 'complete' else 'incomplete' end as status,
        netting,
        baseline_months,
        evaluation_months,
        evaluation_published,
        whole_baseline_parts,
        evaluation_parts
    from net_groups
)

select * from final
