-- grain: one row per contract and closed period
-- counts: basis of the period's lines, basis cumulated, and the memo of person-months that lie in
--     the evaluation of an fte part
-- rules: S.basis, S.overlap
-- decides: S.basis
-- left out: nothing; approved periods sum their frozen lines
with

periods as (
    select
        contract_id,
        period_no,
        period_start
    from {{ ref('int_periods__list') }}
    where is_closed
),

lines as (
    select
        contract_id,
        period_start,
        part_id,
        month,
        difference_dkk
    from {{ ref('int_lines__number') }}
),

parts as (
    select
        contract_id,
        part_id,
        kind,
        evaluation_first_month,
        evaluation_last_month
    from {{ ref('stg_contracts__parts') }}
),

sums as (
    select
        contract_id,
        period_start,
        part_id,
        month,
        sum(difference_dkk) as difference_dkk
    from lines
    group by all
),

overlapping as (
    select
        sums.contract_id,
        sums.period_start,
        sum(sums.difference_dkk) as overlap_dkk
    from sums
    inner join parts
        on
            sums.contract_id = parts.contract_id
            and sums.part_id = parts.part_id
            and parts.kind = 'person_months'
    where
        exists (
            select 1
            from parts as reductions
            where
                reductions.contract_id = sums.contract_id
                and reductions.kind = 'fte_reduction'
                and sums.month between
                reductions.evaluation_first_month and reductions.evaluation_last_month
        )
    group by all
),

totals as (
    select
        contract_id,
        period_start,
        sum(difference_dkk) as basis_dkk
    from sums
    group by all
),

final as (
    select
        periods.contract_id,
        periods.period_no,
        periods.period_start,
        coalesce(totals.basis_dkk, 0)::decimal(18, 2) as basis_dkk,
        sum(coalesce(totals.basis_dkk, 0)) over (
            partition by periods.contract_id order by periods.period_no
        )::decimal(18, 2) as basis_cumulative_dkk,
        coalesce(overlapping.overlap_dkk, 0)::decimal(18, 2) as overlap_dkk
    from periods
    left join totals
        on
            periods.contract_id = totals.contract_id
            and periods.period_start = totals.period_start
    left join overlapping
        on
            periods.contract_id = overlapping.contract_id
            and periods.period_start = overlapping.period_start
)

select * from final
